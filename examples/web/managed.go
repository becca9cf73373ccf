package main

import (
	"errors"
	"net/http"

	"github.com/gocognito/cognito"
)

// loginCookie keeps the attempt at a sign-in on the pool's own pages: it belongs to this browser.
const loginCookie = "login"

// beginManaged sends the browser to the pool's pages.
func (s *site) beginManaged(w http.ResponseWriter, r *http.Request) {
	authURL, attempt, err := s.login.AuthCodeURL()
	if err == nil {
		err = s.sealer.put(w, loginCookie, attempt, flowLife)
	}
	if err != nil {
		s.fail(w, r, "/", err)
		return
	}
	http.Redirect(w, r, authURL, http.StatusSeeOther)
}

// callback finishes the sign-in with what the browser brings back. A reload brings a code that is
// spent, and no cookie any more: it leads to the account. A callback of another sign-in leaves the
// cookie: the sign-in that it belongs to may be under way in another tab.
func (s *site) callback(w http.ResponseWriter, r *http.Request) {
	var begun cognito.LoginAttempt
	s.sealer.get(r, loginCookie, &begun) // Exchange rejects an empty one
	session, err := s.login.Exchange(r.Context(), begun, r.URL.Query())
	if !errors.Is(err, cognito.ErrLoginAttempt) {
		s.sealer.drop(w, loginCookie)
	}
	switch {
	case err == nil:
		s.signedIn(w, r, session, "")
	case errors.Is(err, cognito.ErrLoginAttempt), errors.Is(err, cognito.ErrLoginExpired),
		errors.Is(err, cognito.ErrInvalidGrant):
		if s.sessionID(r) != "" {
			http.Redirect(w, r, "/account", http.StatusSeeOther)
			return
		}
		s.fail(w, r, "/", tooLate)
	case errors.Is(err, cognito.ErrAccessDenied):
		s.fail(w, r, "/", problem("The sign-in was canceled."))
	default:
		if session != nil { // the user has signed in, but the tokens cannot be verified now
			s.revoke(r.Context(), session)
		}
		s.fail(w, r, "/", err)
	}
}

// cameByPages reports whether the user signed in on the pool's own pages, where the browser is then
// signed in, too. Tokens of other sign-ins have no OpenID scope.
func (s *site) cameByPages(u user) bool {
	claims := u.AccessClaims()
	return s.login != nil && claims != nil && claims.HasScope("openid")
}
