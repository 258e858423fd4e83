package main

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// config is what the environment decides.
type config struct {
	bind      string // an IP address; empty: all, of both families
	port      string
	version   string
	healthMin time.Duration
	healthMax time.Duration
}

// configFrom reads the environment through lookup (os.LookupEnv). A variable that is
// set but cannot be used is an error that names it: a typo must not start a service
// that behaves as if nothing had been asked of it.
func configFrom(lookup func(string) (string, bool)) (config, error) {
	get := func(name, fallback string) string {
		if v, ok := lookup(name); ok {
			return v
		}
		return fallback
	}
	cfg := config{
		bind:    get("BIND", ""),
		port:    get("PORT0", "9876"),
		version: get("SIMPLE_SERVICE_VERSION", "0.5.0"),
	}
	if n, err := strconv.ParseUint(cfg.port, 10, 16); err != nil || n == 0 {
		return config{}, fmt.Errorf("PORT0: expected a port number from 1 to 65535, found %q", cfg.port)
	}
	if _, err := netip.ParseAddr(cfg.bind); cfg.bind != "" && err != nil {
		return config{}, fmt.Errorf("BIND: expected an IP address such as 127.0.0.1 or ::1, found %q; unset it to listen on all addresses", cfg.bind)
	}
	var err error
	if cfg.healthMin, err = milliseconds("HEALTH_MIN", get("HEALTH_MIN", "0")); err != nil {
		return config{}, err
	}
	cfg.healthMax, err = milliseconds("HEALTH_MAX", get("HEALTH_MAX", "0"))
	return cfg, err
}

// milliseconds parses a delay of at most 24 days: 32 bits, so that no sum overflows.
func milliseconds(name, value string) (time.Duration, error) {
	n, err := strconv.ParseUint(value, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%s: expected a number of milliseconds from 0 to %d, found %q", name, 1<<31-1, value)
	}
	return time.Duration(n) * time.Millisecond, nil
}

// network is that of address. By "tcp" Go would listen on IPv6, too, where 0.0.0.0 is
// asked for.
func (c config) network() string {
	if addr, err := netip.ParseAddr(c.bind); err == nil && addr.Is4() {
		return "tcp4"
	}
	return "tcp"
}

// address is what to listen on, in the form of net.Listen. An empty host is all
// addresses of both families where the kernel has IPv6, else of IPv4.
func (c config) address() string {
	return net.JoinHostPort(c.bind, c.port)
}
