package diagnose

import "time"

// Cause is a diagnosis.
type Cause struct {
	// What is wrong, with the object's name.
	What string `json:"what"`
	// Why, in the cluster's own words where it has any.
	Why string `json:"why"`
	// Remedy is what to do next.
	Remedy string `json:"remedy"`
	// Outlook tells whether waiting helps.
	Outlook Outlook `json:"outlook"`
	// Workload tells that the cluster did its part, and the program in the
	// container failed.
	Workload bool `json:"workload,omitempty"`
	// Lost tells that the connection to the API server broke: what was asked for may
	// have been done.
	Lost bool `json:"lost,omitempty"`
	// Image tells that an image cannot be pulled.
	Image bool `json:"image,omitempty"`
	// Container is the one that the Cause is about, or "".
	Container string `json:"container,omitempty"`
	// Node is the one whose fault it is, or "".
	Node string `json:"node,omitempty"`
	// Since is when the cluster knew, in whole seconds as it tells times, or
	// zero where it does not tell.
	Since time.Time `json:"since,omitzero"`
}

func (c *Cause) Error() string { return c.What + ": " + c.Why }

// Ends tells whether to give up at once: always where it is Hopeless, and where
// it is Retried, unless who waits is patient.
func (c *Cause) Ends(patient bool) bool {
	return c.Outlook == Hopeless || c.Outlook == Retried && !patient
}

// Outlook tells whether waiting helps.
type Outlook string

const (
	// Slow is what may well pass by itself; waiting is right.
	Slow Outlook = "Slow"
	// Unsettled is what often passes within moments, such as a Pod that is not
	// scheduled because a Node is just coming up. Where it stays for Settle, it
	// is as Retried.
	Unsettled Outlook = "Unsettled"
	// Retried is what the cluster tries again, but in most cases somebody has to act.
	Retried Outlook = "Retried"
	// Hopeless is what cannot come true without somebody's doing.
	Hopeless Outlook = "Hopeless"
)

// Settle is how long an Unsettled cause may last before it is believed.
const Settle = time.Second
