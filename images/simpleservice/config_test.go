package main

import (
	"net"
	"strings"
	"testing"
)

func TestConfig(t *testing.T) {
	for _, tc := range []struct{ env, address, err string }{
		{"", ":9876", ""},
		{"PORT0=80", ":80", ""},
		{"BIND=127.0.0.1", "127.0.0.1:9876", ""},
		{"BIND=::1 PORT0=1", "[::1]:1", ""},
		{"PORT0=", "", `PORT0: expected a port number from 1 to 65535, found ""`},
		{"PORT0=0", "", "PORT0"},
		{"PORT0=65536", "", "PORT0"},
		{"PORT0=http", "", "PORT0"},
		{"BIND=localhost", "", `BIND: expected an IP address such as 127.0.0.1 or ::1, found "localhost"`},
		{"HEALTH_MIN=-1", "", "HEALTH_MIN: expected a number of milliseconds"},
		{"HEALTH_MAX=1s", "", "HEALTH_MAX: expected a number of milliseconds"},
	} {
		env := map[string]string{}
		for entry := range strings.FieldsSeq(tc.env) {
			name, value, _ := strings.Cut(entry, "=")
			env[name] = value
		}
		cfg, err := configFrom(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
		switch {
		case tc.err == "" && err != nil:
			t.Errorf("%s: %v", tc.env, err)
		case tc.err == "" && cfg.address() != tc.address:
			t.Errorf("%s: listens on %s, want %s", tc.env, cfg.address(), tc.address)
		case tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)):
			t.Errorf("%s: got error %v, want %q", tc.env, err, tc.err)
		}
	}
}

// A service of IPv4 alone is what a cluster of IPv6 must be able to find out about.
func TestAllOfIPv4IsNotIPv6(t *testing.T) {
	port := freePort(t)
	for bind, alone := range map[string]bool{"0.0.0.0": true, "::": false, "": false} {
		cfg := config{bind: bind, port: port}
		l, err := net.Listen(cfg.network(), cfg.address())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", "[::1]:"+port)
		if err == nil {
			_ = conn.Close()
		}
		if (err != nil) != alone {
			t.Errorf("BIND=%s: expected that only IPv4 is listened on: %t; dialled ::1: %v", bind, alone, err)
		}
		_ = l.Close()
	}
}
