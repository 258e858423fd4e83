package main

import (
	"fmt"
	"log"
	"strconv"
	"time"
)

// logf writes one line in the original's form. Requests bring text of strangers into
// the log: what is not printable ASCII is escaped, so a log can be shown on a terminal.
func logf(out *log.Logger, level, format string, args ...any) {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = printable(text)
		}
	}
	out.Printf("%s %s %s", time.Now().Format("2006-01-02T15:04:05"), level, fmt.Sprintf(format, args...))
}

func printable(text string) string {
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			quoted := strconv.QuoteToASCII(text)
			return quoted[1 : len(quoted)-1]
		}
	}
	return text
}
