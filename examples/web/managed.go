package main

import (
	"errors"
	"net/http"

	"github.com/gocognito/cognito"
)

// loginCookie holds the login attempt on the pool's own pages, and ties it to this browser.
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

// callback finishes the sign-in with the code in the browser's request. A reload sends a spent code
// without a cookie, and leads to the account. A callback of another sign-in leaves the cookie,
// because the sign-in of the cookie may be in progress in another tab.
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

// cameByPages reports whether the user signed in on the pool's own pages. The browser is then signed
// in there, too. Tokens of other sign-ins have no OpenID scope.
func (s *site) cameByPages(u user) bool {
	claims := u.AccessClaims()
	return s.login != nil && claims != nil && claims.HasScope("openid")
}
