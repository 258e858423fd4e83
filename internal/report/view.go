package report

import "slices"

// View is which blocks of a Document a terminal shows.
type View string

// The views.
const (
	// Story is all of it.
	Story View = "story"
	// Summary is a line per section, and what failed.
	Summary View = "summary"
	// Commands are the commands and what they printed.
	Commands View = "commands"
)

// Views are the names of all of them.
func Views() []string { return []string{string(Story), string(Summary), string(Commands)} }

// blocks are those of a section that the view shows.
func (v View) blocks(s Section) []Block {
	switch v {
	case Commands:
		return slices.DeleteFunc(slices.Clone(s.Blocks), func(b Block) bool {
			switch b.(type) {
			case File, Command, Output, Table, Map:
				return false
			default:
				return true
			}
		})
	case Summary:
		if s.Tally != nil {
			return summary(s)
		}
		return titled(s, short(s.Blocks))
	default:
		return titled(s, s.Blocks)
	}
}

func titled(s Section, blocks []Block) []Block {
	if s.Title == "" {
		return blocks
	}
	return append([]Block{rule{s.Title}}, blocks...)
}

// summary is a line for a section that has ended, and its steps that failed.
func summary(s Section) []Block {
	if s.Open {
		return nil
	}
	blocks := []Block{sum{*s.Tally, s.Title, s.Tally.Words + ", " + millis(s.Milliseconds)}}
	for _, step := range steps(s.Blocks[s.Void:]) {
		if slices.ContainsFunc(step, func(b Block) bool { return isFinding(b, markFailed) }) {
			blocks = append(blocks, slices.DeleteFunc(step, isAside)...)
		}
	}
	if len(blocks) > 1 {
		blocks = append(blocks, Break{})
	}
	return blocks
}

// steps divides blocks where a step begins.
func steps(blocks []Block) (all [][]Block) {
	for _, b := range blocks {
		if _, begins := b.(Say); begins || len(all) == 0 {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], b)
	}
	return all
}

// short leaves out what is as it should be, and the notes on it.
func short(blocks []Block) (out []Block) {
	for _, b := range blocks {
		if table, ok := b.(Table); ok {
			table.Rows = slices.Clone(table.Rows)
			for i, r := range table.Rows {
				if r.Mark.Class == "met" || r.Mark.Class == "soft" {
					table.Rows[i].Note = ""
				}
			}
			b = table
		}
		if !isFinding(b, markMet) {
			out = append(out, b)
		}
	}
	return out
}

// isAside: it says nothing about a failure.
func isAside(b Block) bool {
	if f, ok := b.(Finding); ok {
		return f.Mark == markMet || f.Unchecked
	}
	_, says := b.(Say)
	return says
}

// isFinding reports whether a block is a finding with a mark.
func isFinding(b Block, m mark) bool {
	f, ok := b.(Finding)
	return ok && f.Mark == m
}

// failures repeats at the end what failed, each with the title of its section. What has one
// cause, and no position of its own, is one of them.
func failures(sections []Section) (all []Block) {
	first := map[string]int{}
	for _, s := range sections {
		for _, b := range s.Blocks[s.Void:] {
			f, ok := b.(Finding)
			if !ok || f.Mark != markFailed {
				continue
			}
			f = f.titled(s.Title)
			if i, known := first[f.cause]; known && f.Position == nil {
				same := all[i].(Finding)
				same.Details = append(slices.Clip(same.Details), Detail{Label: "also", Text: f.Text})
				all[i] = same
				continue
			}
			if f.cause != "" {
				first[f.cause] = len(all)
			}
			all = append(all, f)
		}
	}
	return all
}

// titled is a Finding with the title of its section, where it has no position.
func (f Finding) titled(title string) Finding {
	switch {
	case title == "" || f.Position != nil:
	case f.Name == "":
		f.Text = title + ": " + f.Text
	default:
		f.Name = title + "/" + f.Name
	}
	return f
}
