package registry

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// User and Password may pull from Private repositories.
const (
	User     = "kbe"
	Password = "kbe"
)

const (
	tokenPath = "/token"
	anonymous = ""
)

// tokens map each bearer token to its user, as public registries do (distribution.github.io/distribution/spec/auth/token).
// There is one for each user; its scope is checked when it is used.
type tokens map[string]string

// grant issues the token of the user in the request, or of the anonymous user.
func (t tokens) grant(w http.ResponseWriter, r *http.Request) {
	user, password, named := r.BasicAuth()
	if named && (user != User || password != Password) {
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
		return
	}
	for token, of := range t {
		if of == user {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_in": 300}) // the client has disconnected
		}
	}
}

// user returns the user of the request's token.
func (t tokens) user(r *http.Request) (user string, known bool) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	user, known = t[token]
	return user, known
}

// challenge says where tokens are issued, and, if not empty, why the request's token does not suffice.
func challenge(w http.ResponseWriter, r *http.Request, repository, why string) {
	bearer := fmt.Sprintf(`Bearer realm="https://%s%s",service="registry",scope="repository:%s:pull"`, r.Host, tokenPath, repository)
	if why != "" {
		bearer += fmt.Sprintf(`,error=%q`, why)
	}
	w.Header().Set("WWW-Authenticate", bearer)
	refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
}
