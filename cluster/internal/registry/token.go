package registry

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Who may pull what is Private.
const (
	User     = "kbe"
	Password = "kbe"
)

const (
	tokenPath = "/token"
	anonymous = ""
)

// tokens are what a client has to show, as at the public registries (distribution.github.io/distribution/spec/auth/token).
// There is one for each user: what it is good for is decided when it is shown.
type tokens map[string]string

func newTokens() tokens {
	return tokens{rand.Text(): anonymous, rand.Text(): User}
}

// grant gives a token to the user that the request names, and to one that it does not name.
func (t tokens) grant(w http.ResponseWriter, r *http.Request) {
	user, password, named := r.BasicAuth()
	if named && (user != User || password != Password) {
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "incorrect username or password")
		return
	}
	for token, of := range t {
		if of == user {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_in": 300}) // who went away does not want it
		}
	}
}

// user returns whose token the request shows.
func (t tokens) user(r *http.Request) (user string, known bool) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	user, known = t[token]
	return user, known
}

// challenge says where there are tokens. An error says why the one that was shown does not do.
func challenge(w http.ResponseWriter, r *http.Request, repository, why string) {
	bearer := fmt.Sprintf(`Bearer realm="https://%s%s",service="registry",scope="repository:%s:pull"`, r.Host, tokenPath, repository)
	if why != "" {
		bearer += fmt.Sprintf(`,error=%q`, why)
	}
	w.Header().Set("WWW-Authenticate", bearer)
	refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
}
