package service

import _ "embed"

// File is the name under which examples and stories know the program.
const File = "service.py"

// Program is the text of the program, for `python3 -c`.
//
//go:embed service.py
var Program string

// Command runs the program in a container whose image has Python 3 (3.8 or later).
func Command() []string { return []string{"python3", "-c", Program} }
