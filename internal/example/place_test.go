package example

import (
	"strings"
	"testing"
)

// TestProblemAtFindsTheCharacter writes the same text in each way that YAML has.
func TestProblemAtFindsTheCharacter(t *testing.T) {
	for name, tc := range map[string]struct {
		yaml, value, at, want string
	}{
		"plain":         {"that: a == b", "a == b", "==", "f:1:9: x"},
		"several lines": {"that: a\n  == b", "a == b", "b", "f:2:6: x"},
		"single quotes": {"that: 'it''s b'", "it's b", "b", "f:1:14: x"},
		"double quotes": {`that: "a \"b\" c"`, `a "b" c`, "c", "f:1:16: x"},
		"an escape":     {`that: "\u0041 == b"`, "A == b", "A", "f:1:7: x"},
		"folded":        {"that: >-\n    a\n    && b", "a && b", "b", "f:3:8: x"},
		"literal":       {"that: |\n  a\n\n    b\n", "a\n\n  b\n", "b", "f:4:5: x"},
		"wide letters":  {"that: äöü + b", "äöü + b", "b", "f:1:13: x"},
		"its end":       {"that: a ==", "a ==", "", "f:1:11: x"},
	} {
		t.Run(name, func(t *testing.T) {
			root, err := parseYAML("f", []byte(tc.yaml))
			if err != nil {
				t.Fatal(err)
			}
			field := root.Field("that")
			if field.node.Value != tc.value {
				t.Fatalf("expected %q, found %q", tc.value, field.node.Value)
			}
			offset := strings.Index(tc.value, tc.at)
			if tc.at == "" {
				offset = len(tc.value)
			}
			if got := field.ProblemAt(offset, "x").Error(); got != tc.want {
				t.Errorf("expected %s, found %s", tc.want, got)
			}
		})
	}
}

func TestTheZeroPlaceIsNowhere(t *testing.T) {
	if got := (Place{}).Field("a").Item(1).ProblemAt(5, "x").Error(); got != "x" {
		t.Errorf("expected no position, found %s", got)
	}
}

func TestNearest(t *testing.T) {
	valid := []string{"name", "say", "run", "show", "expect"}
	for name, want := range map[string]string{
		"sayy": "say", "SAY": "say", "expct": "expect", "exepct": "expect", "shwo": "show", "rum": "run",
		"background": "", "x": "", "": "", strings.Repeat("say", 100): "",
	} {
		if got := Nearest(name, valid); got != want {
			t.Errorf("%s: expected %q, found %q", name, want, got)
		}
	}
}
