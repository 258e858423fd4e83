package diagnose

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// failedCreate is the reason by which each controller of Pods reports that the API server
// refuses one (k8s.io/kubernetes, pkg/controller/controller_utils.go).
const failedCreate = "FailedCreate"

// Controller is the Cause of a controller that cannot create its Pods, by the Events about
// it, or nil. The controller tries again, each time after a longer pause.
func Controller(events []corev1.Event) *Cause {
	e := Evidence{Events: events}
	for _, ev := range e.newestFirst() {
		if ev.Reason == "SuccessfulCreate" {
			return nil // what failed before has passed
		}
		if ev.Type != corev1.EventTypeWarning || ev.Reason != failedCreate {
			continue
		}
		c := &Cause{What: "the API server refuses them", Remedy: "do what the message names", Outlook: Unsettled}
		if refused := (Connection{}).Output(strings.TrimPrefix(ev.Message, "Error creating: ")); refused != nil {
			c.What, c.Remedy = refused.What, refused.Remedy
			if refused.Outlook == Slow {
				c.Outlook = Slow
			}
		}
		of := ev.InvolvedObject
		c.What = fmt.Sprintf("%s %q cannot create its pods: %s", strings.ToLower(of.Kind), of.Name, c.What)
		c.Why = sign{reason: ev.Reason, message: ev.Message}.words()
		var times int
		c.Since, times = e.warned(nil, func(ev corev1.Event) bool { return ev.Reason == failedCreate })
		c.Confirmed = times > 1
		return c
	}
	return nil
}
