// Command workload is what the testbed's containers run, the sandbox's own included: it waits
// until it is told to end.
//
//	workload            waits
//	workload <seconds>  ends by itself after that long, as a program that crashes does
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	var over <-chan time.Time // nil: never
	if len(os.Args) > 1 {
		seconds, err := strconv.ParseFloat(os.Args[1], 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, "seconds:", err)
			os.Exit(2)
		}
		over = time.After(time.Duration(seconds * float64(time.Second)))
	}
	select {
	case <-told:
	case <-over:
		os.Exit(1)
	}
}
