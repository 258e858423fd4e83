//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// sleep is sleep(1) of GNU: it pauses for the sum of its arguments, each a number of
// seconds, or of what a suffix says.
func sleep(name string, args []string) (exitCode int) {
	if len(args) > 0 && args[0] == "--help" {
		fmt.Printf("Usage: %s NUMBER[SUFFIX]...\nPause for the sum of the numbers: of seconds (s, the default), minutes (m), hours (h) or days (d).\n", name)
		return 0
	}
	seconds, err := sum(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %s\nTry '%s --help' for more information.\n",
			name, strings.ReplaceAll(err.Error(), "\n", "\n"+name+": "), name)
		return 1
	}
	pause(seconds)
	return 0
}

// sum returns a number of seconds, which may be infinite, or a line for each argument
// that cannot be used.
func sum(args []string) (seconds float64, err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	} else if len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		return 0, unknownOption(args[0])
	}
	if len(args) == 0 {
		return 0, errors.New("missing operand")
	}
	for _, arg := range args {
		interval, ok := parse(arg)
		if !ok {
			err = errors.Join(err, fmt.Errorf("invalid time interval ‘%s’", arg))
		}
		seconds += interval
	}
	return seconds, err
}

func unknownOption(arg string) error {
	if strings.HasPrefix(arg, "--") {
		return fmt.Errorf("unrecognized option '%s'", arg)
	}
	return fmt.Errorf("invalid option -- '%c'", arg[1])
}

func parse(arg string) (seconds float64, ok bool) {
	number, unit := strings.TrimLeft(arg, " \t\n"), 1.0
	for suffix, length := range map[string]float64{"s": 1, "m": 60, "h": 3600, "d": 86400} {
		if rest, found := strings.CutSuffix(number, suffix); found {
			number, unit = rest, length
			break
		}
	}
	seconds, err := strconv.ParseFloat(number, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || !(seconds >= 0) { // NaN is neither
		return 0, false
	}
	return seconds * unit, true
}

// pause sleeps for the given time, even where that is longer than a Duration can be.
func pause(seconds float64) {
	const longest = float64(math.MaxInt64) / float64(time.Second)
	for ; seconds > longest; seconds -= longest {
		time.Sleep(math.MaxInt64) //nolint:forbidigo // this is sleep
	}
	time.Sleep(time.Duration(seconds * float64(time.Second))) //nolint:forbidigo // this is sleep
}
