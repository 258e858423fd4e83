package diagnose

import (
	"time"

	"github.com/kubectl-kbe/kubectl-kbe/internal/wait"
)

// Cause is a diagnosis.
type Cause struct {
	// What is wrong, with the object's name.
	What string
	// Why, in the cluster's own words where it has any.
	Why string
	// Remedy is what to do next.
	Remedy string
	// Outlook reports whether waiting helps.
	Outlook Outlook
	// Confirmed reports that the cluster has tried again and failed in the same way.
	Confirmed bool
	// Settle is how long an Unsettled cause that the cluster does not try again by
	// itself may last until no help is to be expected; zero where it does try again.
	Settle time.Duration
	// Workload reports that the cluster did its part, and the program in the
	// container failed.
	Workload bool
	// Harmless reports that a healthy cluster may be so: what depends on it cannot be checked
	// there.
	Harmless bool
	// Lost reports that the connection to the API server broke, or was not made: the next one
	// may stand. What was requested may have been done.
	Lost bool
	// Image reports that an image cannot be pulled.
	Image bool
	// Container is the one that the Cause is about, or "".
	Container string
	// Node is the one whose fault it is, or "".
	Node string
	// Since is when the cluster knew, in whole seconds as it reports times, or
	// zero where it reports none.
	Since time.Time
}

func (c *Cause) Error() string {
	if c.Why == "" || c.Why == c.What {
		return c.What
	}
	return c.What + ": " + c.Why
}

// Ends reports whether to give up now: always where it is Hopeless; where the wait
// is to fail fast even if it is Retried, and where it is Unsettled and Confirmed.
func (c *Cause) Ends(failFast bool) bool {
	return c.Outlook == Hopeless || failFast && (c.Outlook == Retried || c.Outlook == Unsettled && c.Confirmed)
}

// Verdict makes of a Cause, which may be nil, the error of a wait's condition: nil where
// waiting is right.
func (c *Cause) Verdict(failFast bool) error {
	switch {
	case c == nil:
		return nil
	case c.Ends(failFast):
		return c
	case c.Outlook == Unsettled && c.Settle > 0 && failFast:
		return wait.Unless{Err: c, Lasts: c.Settle}
	default:
		return nil
	}
}

// Outlook reports whether waiting helps.
type Outlook string

const (
	// Slow is what may well pass by itself; waiting is right.
	Slow Outlook = "Slow"
	// Unsettled is what often passes by itself, such as the first sandbox of a Pod
	// that a network plugin fails to set up. It is as Retried where the cluster has
	// tried again and failed in the same way, or where Settle has passed.
	Unsettled Outlook = "Unsettled"
	// Retried is what the cluster tries again, but in most cases someone has to act.
	Retried Outlook = "Retried"
	// Hopeless is what cannot come true without someone's doing.
	Hopeless Outlook = "Hopeless"
)
