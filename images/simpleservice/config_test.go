package main

import (
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
