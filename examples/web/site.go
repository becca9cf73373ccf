package main

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gocognito/cognito"
)

//go:embed pages
var files embed.FS

// site is the application.
type site struct {
	settings

	sealer *sealer
	pages  *template.Template
	policy string // of contents
}

// settings configure a site.
type settings struct {
	pool     *cognito.Cognito
	login    *cognito.ManagedLogin // the sign-in on the pool's own pages; nil for none
	home     string                // where browsers reach this site, with / at the end
	sessions sessions
	key      []byte // of cookies
}

// newSite returns the handler of all pages. It rejects every POST that comes from another site,
// using Sec-Fetch-Site, or Origin for old browsers. Forms therefore need no tokens.
func newSite(set settings) (http.Handler, error) {
	seal, err := newSealer(set.key, strings.HasPrefix(set.home, "https://"))
	if err != nil {
		return nil, err
	}
	pages, err := template.ParseFS(files, "pages/*.html")
	if err != nil {
		return nil, err
	}
	s := &site{settings: set, sealer: seal, pages: pages, policy: policy(set.login)}
	mux := http.NewServeMux()
	for name, contentType := range map[string]string{"site.css": "text/css", "site.js": "text/javascript"} {
		content, err := files.ReadFile("pages/" + name)
		if err != nil {
			return nil, err
		}
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType+"; charset=utf-8")
			w.Header().Set("Cache-Control", "no-cache") // the same for everybody
			_, _ = w.Write(content)
		})
	}

	mux.HandleFunc("GET /{$}", s.showSignIn)
	mux.HandleFunc("POST /sign-in", s.signIn)
	mux.HandleFunc("POST /sign-in/passkey", s.signInWithPasskey)
	mux.HandleFunc("GET /challenge", s.showChallenge)
	mux.HandleFunc("POST /challenge", s.answerChallenge)

	mux.HandleFunc("GET /sign-up", s.showSignUp)
	mux.HandleFunc("POST /sign-up", s.signUp)
	mux.HandleFunc("GET /confirm", s.showConfirm)
	mux.HandleFunc("POST /confirm", s.confirm)
	mux.HandleFunc("POST /confirm/resend", s.resend)
	mux.HandleFunc("GET /forgot", s.showForgot)
	mux.HandleFunc("POST /forgot", s.forgot)
	mux.HandleFunc("GET /reset", s.showReset)
	mux.HandleFunc("POST /reset", s.reset)

	if set.login != nil {
		mux.HandleFunc("GET /login", s.beginManaged)
		mux.HandleFunc("GET "+callbackPath, s.callback)
	}

	mux.HandleFunc("GET /account", s.account(s.showAccount))
	mux.HandleFunc("POST /account/profile", s.account(s.changeProfile))
	mux.HandleFunc("POST /account/email", s.account(s.verifyEmail))
	mux.HandleFunc("POST /account/email/resend", s.account(s.resendEmail))
	mux.HandleFunc("POST /account/password", s.account(s.changePassword))
	mux.HandleFunc("POST /account/app/begin", s.account(s.beginApp))
	mux.HandleFunc("GET /account/app", s.account(s.showApp))
	mux.HandleFunc("POST /account/app", s.account(s.verifyApp))
	mux.HandleFunc("POST /account/mfa", s.account(s.changeMFA))
	mux.HandleFunc("GET /account/passkey", s.account(s.showPasskey))
	mux.HandleFunc("POST /account/passkey", s.account(s.addPasskey))
	mux.HandleFunc("POST /account/passkey/delete", s.account(s.deletePasskey))
	mux.HandleFunc("POST /account/device/forget", s.account(s.forgetDevice))
	mux.HandleFunc("POST /account/delete", s.account(s.deleteAccount))
	mux.HandleFunc("POST /sign-out", s.signOut)
	mux.HandleFunc("POST /sign-out/everywhere", s.account(s.signOutEverywhere))
	return http.NewCrossOriginProtection().Handler(http.MaxBytesHandler(notStored(mux), 64<<10)), nil
}

// notStored keeps responses out of browser caches: after a sign-out, the back button does not show
// the account. A page that the browser kept alive anyway is loaded again; see site.js.
func notStored(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// policy lets pages load no more than their own style and script. A sign-out leads on to the pool's
// own pages, if there are any, and browsers count that as the form's action.
func policy(login *cognito.ManagedLogin) string {
	action := "'self'"
	if u, err := url.Parse(login.LogoutURL("")); err == nil && u.Host != "" {
		action += " " + u.Scheme + "://" + u.Host
	}
	return "default-src 'none'; style-src 'self'; script-src 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'; form-action " + action
}

// page is what the templates show.
type page struct {
	Notice  notice
	Flow    flow
	Managed bool // there is a sign-in on the pool's own pages, too
	Data    any
}

// show answers a GET. It shows the notice of the POST before, once.
func (s *site) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	p := page{Managed: s.login != nil, Data: data, Flow: s.flow(r)}
	if s.sealer.get(r, noticeCookie, &p.Notice) {
		s.sealer.drop(w, noticeCookie)
	}
	var text bytes.Buffer
	if err := s.pages.ExecuteTemplate(&text, name, p); err != nil {
		slog.ErrorContext(r.Context(), "web: page", slog.Any("error", err))
		http.Error(w, unknownProblem, http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", s.policy)
	header.Set("Referrer-Policy", "same-origin")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes())
}

const (
	noticeCookie = "notice"
	flowCookie   = "flow"
	flowLife     = 15 * time.Minute // no challenge of the service lasts longer
)

// notice is the message of a POST. Every POST responds with a redirect, which keeps reload and back
// from repeating it. The next page shows the notice.
type notice struct {
	Text    string `json:"text"`
	Problem bool   `json:"problem,omitempty"`
}

// say ends a POST with a notice.
func (s *site) say(w http.ResponseWriter, r *http.Request, path, text string) {
	s.redirect(w, r, path, notice{Text: text})
}

// fail ends a POST with a notice that tells the user what to do about err.
func (s *site) fail(w http.ResponseWriter, r *http.Request, path string, err error) {
	problem := explain(err)
	if problem == unknownProblem {
		slog.ErrorContext(r.Context(), "web: "+r.URL.Path, slog.Any("error", err))
	}
	s.redirect(w, r, path, notice{Text: problem, Problem: true})
}

func (s *site) redirect(w http.ResponseWriter, r *http.Request, path string, n notice) {
	if err := s.sealer.put(w, noticeCookie, n, flowLife); err != nil {
		slog.ErrorContext(r.Context(), "web: notice", slog.Any("error", err))
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// flow is the state of a sign-in, a sign-up or a set-up that takes several requests.
type flow struct {
	Typed     string             `json:"typed,omitempty"` // the name that the user entered
	Email     string             `json:"email,omitempty"`
	Challenge *cognito.Challenge `json:"challenge,omitempty"`
	// Secret is of the authenticator app that is being set up.
	Secret       string                `json:"secret,omitempty"`
	Registration *cognito.Registration `json:"registration,omitempty"`
}

func (s *site) flow(r *http.Request) (f flow) {
	if !s.sealer.get(r, flowCookie, &f) {
		return flow{}
	}
	return f
}

// keep stores f in a cookie of the browser. If f is too large, the flow is lost and the next page
// sends the user back.
func (s *site) keep(w http.ResponseWriter, r *http.Request, f flow) {
	if err := s.sealer.put(w, flowCookie, f, flowLife); err != nil {
		slog.ErrorContext(r.Context(), "web: flow", slog.Any("error", err))
	}
}

// problem is an error that the user can correct. Its text is shown to the user.
type problem string

// Error returns the text that the page shows.
func (p problem) Error() string { return string(p) }

const (
	blank   problem = "Please fill in every field."
	tooLate problem = "The sign-in took too long. Please start again."

	unknownProblem = "Something went wrong. Please try again later."
)

// explain returns a text that tells the user what to do about err.
func explain(err error) string {
	if own, ok := errors.AsType[problem](err); ok {
		return own.Error()
	}
	for _, known := range []struct {
		reason error
		text   string
	}{
		{cognito.ErrInvalidCredentials, "The name or the password is wrong."},
		{cognito.ErrUserNotFound, "The name or the password is wrong."},
		{cognito.ErrTooManyAttempts, "Too many attempts. Please wait a while."},
		{cognito.ErrLimitExceeded, "Too many attempts. Please wait a while."},
		{cognito.ErrThrottled, "Please try again in a moment."},
		{cognito.ErrCodeMismatch, "The code is wrong."},
		{cognito.ErrCodeExpired, "The code was used before or is too old. Please take another one."},
		{cognito.ErrInvalidPassword, "The password is too simple, or was used before."},
		{cognito.ErrUserExists, "There is such an account already. Please choose another name, or sign in."},
		{cognito.ErrUserNotConfirmed, "Please confirm your address first."},
		{cognito.ErrUserConfirmed, "The account is confirmed already. Please sign in."},
		{cognito.ErrPasswordResetRequired, "Please choose a new password first."},
		{cognito.ErrPasswordResetNotAllowed, "This password cannot be reset here. Please ask for help."},
		{cognito.ErrTemporaryPasswordExpired, "The temporary password has expired. Please ask for another one."},
		{cognito.ErrUserDisabled, "The account is locked."},
		{cognito.ErrWebAuthnRefused, "The passkey was not accepted."},
		{cognito.ErrWebAuthnExpired, "That took too long. Please try again."},
		{cognito.ErrWebAuthnNotEnabled, "There are no passkeys here."},
		{cognito.ErrMFANotSetUp, "Please set it up first."},
		{cognito.ErrFlowNotEnabled, "That way to sign in is not available."},
		{cognito.ErrMissingScope, "This sign-in may not change the account. Please sign in with your password."},
		{cognito.ErrNotPermitted, "That is not permitted here."},
		{cognito.ErrInvalidArgument, "Something is filled in wrongly. Please look again."},
	} {
		if errors.Is(err, known.reason) {
			return known.text
		}
	}
	return unknownProblem
}

// filled reports whether no field of the form is empty.
func filled(r *http.Request) bool {
	if err := r.ParseForm(); err != nil || len(r.PostForm) == 0 {
		return false
	}
	for name := range r.PostForm {
		if strings.TrimSpace(r.PostForm.Get(name)) == "" {
			return false
		}
	}
	return true
}

// field returns the form's value for name, without spaces around it: users copy them along.
func field(r *http.Request, name string) string { return strings.TrimSpace(r.PostFormValue(name)) }

// browserName returns a name for the user's device in the pool.
func browserName(r *http.Request) string {
	agent := r.UserAgent()
	// Each of these browsers also claims to be those after it.
	for _, name := range []string{"Firefox", "Edg", "Chrome", "Safari"} {
		if strings.Contains(agent, name) {
			return strings.Replace(name, "Edg", "Edge", 1)
		}
	}
	return "Browser"
}
