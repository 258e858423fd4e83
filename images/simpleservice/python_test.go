package main

import "testing"

// The expected texts are what Python 2.7 prints.
func TestQuoteJSON(t *testing.T) {
	in := "a\"b\\c\n\r\t\f\b\x01\x7fä€😀</x>"
	want := `"a\"b\\c\n\r\t\f\b\u0001\u007f\u00e4\u20ac\ud83d\ude00<\/x>"`
	if got := quoteJSON(in); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRepr(t *testing.T) {
	for in, want := range map[string]string{
		"plain":           `'plain'`,
		"it's":            `"it's"`,
		`it's "q"`:        `'it\'s "q"'`,
		"\x00\tä\\ \"d\"": `'\x00\t\xc3\xa4\\ "d"'`,
	} {
		if got := repr(in); got != want {
			t.Errorf("repr(%q): got %s, want %s", in, got, want)
		}
	}
}

func TestDictOf(t *testing.T) {
	if got, want := dictOf([]string{"B=2=3", "A="}), `{'A': '', 'B': '2=3'}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
