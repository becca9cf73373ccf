package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gocognito/cognito"
)

// managed is the sign-in on the pool's own pages. The attempt is in a cookie of its own: it belongs to this browser.
type managed struct {
	*site

	login  *cognito.ManagedLogin
	home   string // where a sign-out comes back to
	cookie http.Cookie
}

func newManaged(s *site, login *cognito.ManagedLogin, home string, secure bool) *managed {
	m := &managed{site: s, login: login, home: home}
	m.cookie = http.Cookie{Name: "login", Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode}
	if secure {
		m.cookie.Name = "__Host-login" // which no other host of the domain can set
	}
	return m
}

// begin sends the browser to the pool's pages.
func (m *managed) begin(w http.ResponseWriter, r *http.Request) {
	authURL, attempt, err := m.login.AuthCodeURL()
	if err != nil {
		m.failed(w, r, err)
		return
	}
	raw, err := json.Marshal(attempt)
	if err != nil {
		m.failed(w, r, err)
		return
	}
	cookie := m.cookie
	cookie.Value, cookie.Expires = base64.RawURLEncoding.EncodeToString(raw), attempt.ExpiresAt
	http.SetCookie(w, &cookie)
	http.Redirect(w, r, authURL, http.StatusSeeOther)
}

// callback finishes the sign-in with what the browser brings back. A reload brings a code that is spent, and no cookie
// any more: it leads back to the beginning.
func (m *managed) callback(w http.ResponseWriter, r *http.Request) {
	var attempt cognito.LoginAttempt
	if cookie, err := r.Cookie(m.cookie.Name); err == nil {
		raw, _ := base64.RawURLEncoding.DecodeString(cookie.Value)
		_ = json.Unmarshal(raw, &attempt) // what is left of a bad one is rejected below
	}
	gone := m.cookie
	gone.MaxAge = -1
	http.SetCookie(w, &gone)
	session, err := m.login.Exchange(r.Context(), attempt, r.URL.Query())
	switch {
	case err == nil:
		// Here the application's own session begins, with session.Tokens() in it.
		m.show(w, http.StatusOK, "welcome", page{Username: session.Username(), SignOut: m.login.LogoutURL(m.home)})
	case errors.Is(err, cognito.ErrLoginAttempt), errors.Is(err, cognito.ErrLoginExpired), errors.Is(err, cognito.ErrInvalidGrant):
		http.Redirect(w, r, "/", http.StatusSeeOther)
	case errors.Is(err, cognito.ErrAccessDenied):
		m.show(w, http.StatusForbidden, "sign-in", page{Problem: "The sign-in was canceled."})
	default:
		m.failed(w, r, err)
	}
}

func (m *managed) failed(w http.ResponseWriter, r *http.Request, err error) {
	slog.ErrorContext(r.Context(), "web: managed login", slog.Any("error", err))
	m.show(w, http.StatusInternalServerError, "sign-in", page{Problem: "Something went wrong. Please try again later."})
}
