package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/procfs"
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

// cpuTimes are those of all CPUs since the start of the machine, in seconds.
type cpuTimes struct{ idle, all float64 }

func readCPUTimes() (cpuTimes, error) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return cpuTimes{}, err
	}
	stat, err := proc.Stat()
	if err != nil {
		return cpuTimes{}, err
	}
	cpu := stat.CPUTotal
	idle := cpu.Idle + cpu.Iowait // waiting for a disk is idle, too
	return cpuTimes{idle, idle + cpu.User + cpu.Nice + cpu.System + cpu.IRQ + cpu.SoftIRQ + cpu.Steal}, nil
}
