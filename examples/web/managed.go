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

	login      *cognito.ManagedLogin
	home       string // where a sign-out comes back to
	cookieName string
	secure     bool
}

func newManaged(s *site, login *cognito.ManagedLogin, home string, secure bool) *managed {
	name := "login"
	if secure {
		name = "__Host-login" // which no other host of the domain can set
	}
	return &managed{site: s, login: login, home: home, cookieName: name, secure: secure}
}

// cookie keeps an attempt for maxAge seconds. It is Lax, since the browser comes back from another site.
func (m *managed) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure is the flag -secure: this machine speaks plain HTTP
		Name: m.cookieName, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: m.secure, SameSite: http.SameSiteLaxMode,
	}
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
	http.SetCookie(w, m.cookie(base64.RawURLEncoding.EncodeToString(raw), int(lifetime.Seconds())))
	http.Redirect(w, r, authURL, http.StatusSeeOther)
}

// callback finishes the sign-in with what the browser brings back. A reload brings a code that is spent, and no cookie
// any more: it leads back to the beginning.
func (m *managed) callback(w http.ResponseWriter, r *http.Request) {
	var attempt cognito.LoginAttempt
	if cookie, err := r.Cookie(m.cookieName); err == nil {
		raw, _ := base64.RawURLEncoding.DecodeString(cookie.Value)
		_ = json.Unmarshal(raw, &attempt) // what is left of a bad one is rejected below
	}
	http.SetCookie(w, m.cookie("", -1))
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
