package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// How idle the machine has to be, and for how long, before something is measured:
// what the subject before left to the kernel and to the controllers is not to be
// the next one's. It is waited for at most patience: the machine may be others', too.
const (
	idleShare = 0.85
	window    = time.Second
	patience  = 30 * time.Second
)

// settle waits until the machine is idle.
func settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	before, err := readCPUTimes()
	if err != nil {
		return err
	}
	for tick := time.Tick(window); ; {
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				fmt.Fprintf(os.Stderr, "bench: the machine is not idle after %s: measuring all the same\n", patience)
				return nil
			}
			return ctx.Err()
		case <-tick:
		}
		now, err := readCPUTimes()
		if err != nil {
			return err
		}
		if now.idle-before.idle >= idleShare*(now.all-before.all) {
			return nil
		}
		before = now
	}
}

// cpuTimes are those of all CPUs since the start of the machine, in ticks.
type cpuTimes struct{ idle, all float64 }

// readCPUTimes reads the first line of /proc/stat: cpu, then user, nice, system,
// idle, iowait, irq, softirq and steal (proc_stat(5)).
func readCPUTimes() (t cpuTimes, err error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return t, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var cpu string
	var ticks [8]float64
	if _, err := fmt.Sscan(line, &cpu, &ticks[0], &ticks[1], &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7]); err != nil {
		return t, fmt.Errorf("/proc/stat: expected eight counts of ticks, found %q: %w", line, err)
	}
	for i, n := range ticks {
		t.all += n
		if i == 3 || i == 4 { // waiting for a disk is idle, too
			t.idle += n
		}
	}
	return t, nil
}
