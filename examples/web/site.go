package main

import (
	"context"
	_ "embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gocognito/cognito"
)

//go:embed pages.html
var pagesText string

// site is the two pages. It keeps nothing between requests, so that any number of processes can serve them.
type site struct {
	pool    *cognito.Cognito
	sealer  *sealer
	pages   *template.Template
	managed bool // there is a sign-in on the pool's own pages, too
}

// newSite makes the handler of all pages. Requests that another site makes a browser send are refused. login is the sign-in
// on the pool's own pages, which comes back to home; nil for none.
func newSite(pool *cognito.Cognito, login *cognito.ManagedLogin, home string, key []byte, secure bool) (http.Handler, error) {
	seal, err := newSealer(key, secure)
	if err != nil {
		return nil, err
	}
	pages, err := template.New("").Parse(pagesText)
	if err != nil {
		return nil, err
	}
	s := &site{pool: pool, sealer: seal, pages: pages, managed: login != nil}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { s.show(w, http.StatusOK, "sign-in", page{}) })
	mux.HandleFunc("POST /{$}", s.signIn)
	mux.HandleFunc("GET /challenge", s.ask)
	mux.HandleFunc("POST /challenge", s.answer)
	if login != nil {
		m := newManaged(s, login, home, secure)
		mux.HandleFunc("GET /login", m.begin)
		mux.HandleFunc("GET "+callbackPath, m.callback)
	}
	return http.NewCrossOriginProtection().Handler(http.MaxBytesHandler(mux, 64<<10)), nil
}

// page is what the templates show.
type page struct {
	Problem  string
	Username string
	State    state
	URI      template.URL // of the software token that is being set up
	Managed  bool         // there is a sign-in on the pool's own pages, too
	SignOut  string       // of the pool's own pages; "" for none
}

func (s *site) show(w http.ResponseWriter, status int, name string, p page) {
	p.Managed = s.managed
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	w.WriteHeader(status)
	if err := s.pages.ExecuteTemplate(w, name, p); err != nil {
		slog.Error("web: page", slog.Any("error", err))
	}
}

// signIn takes the first page's form.
func (s *site) signIn(w http.ResponseWriter, r *http.Request) {
	if !filled(r) {
		s.show(w, http.StatusUnprocessableEntity, "sign-in", page{Username: r.PostFormValue("username"), Problem: blank})
		return
	}
	session := s.pool.ForUser(strings.TrimSpace(r.PostFormValue("username")))
	err := session.Authenticate(r.Context(), r.PostFormValue("password"), cognito.UserContextDataFromRequest(r))
	s.goOn(w, r, session, "sign-in", page{Username: session.Username()}, err)
}

// ask shows the second page: what the challenge in the cookie asks for.
func (s *site) ask(w http.ResponseWriter, r *http.Request) {
	st, err := s.sealer.open(r)
	if err != nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	s.show(w, http.StatusOK, "challenge", challengePage(st))
}

func challengePage(st state) page {
	p := page{State: st}
	if st.Secret != "" {
		token := cognito.SoftwareToken{Secret: st.Secret}
		p.URI = template.URL(token.URI("Example", st.Challenge.Username)) //nolint:gosec // made here, and escaped
	}
	return p
}

// answer takes the second page's form. The cookie, not the server, knows what it answers.
func (s *site) answer(w http.ResponseWriter, r *http.Request) {
	st, err := s.sealer.open(r)
	if err != nil {
		s.show(w, http.StatusBadRequest, "sign-in", page{Problem: "The sign-in took too long. Please start again."})
		return
	}
	if !filled(r) {
		p := challengePage(st)
		p.Problem = blank
		s.show(w, http.StatusUnprocessableEntity, "challenge", p)
		return
	}
	session := s.pool.ForUser("", cognito.WithChallenge(st.Challenge))
	s.goOn(w, r, session, "challenge", challengePage(st), respond(r.Context(), session, st.Challenge, r))
}

const blank = "Please fill in every field."

// filled reports whether every field of the form has something in it: all of them are required.
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

// respond answers the challenge with what the form says.
func respond(ctx context.Context, session *cognito.Cognito, ch cognito.Challenge, r *http.Request) error {
	user, code := cognito.UserContextDataFromRequest(r), strings.TrimSpace(r.PostFormValue("code"))
	switch ch.Name {
	case cognito.ChallengeSMSMFA:
		return session.RespondToSMSMFAChallenge(ctx, code, user)
	case cognito.ChallengeSoftwareTokenMFA:
		return session.RespondToSoftwareTokenMFAChallenge(ctx, code, user)
	case cognito.ChallengeEmailOTP:
		return session.RespondToEmailOTPChallenge(ctx, code, user)
	case cognito.ChallengeSelectMFAType:
		return session.SelectMFAType(ctx, cognito.ChallengeName(r.PostFormValue("choice")), user)
	case cognito.ChallengeMFASetup:
		return session.VerifySoftwareToken(ctx, code, "", user)
	case cognito.ChallengeNewPasswordRequired:
		attrs := cognito.Attributes{}
		for _, name := range ch.RequiredAttributes() {
			attrs[name] = r.PostFormValue("attribute." + name)
		}
		return session.RespondToNewPasswordChallenge(ctx, r.PostFormValue("password"), attrs, user)
	default:
		return errors.New("this example does not know the challenge " + string(ch.Name))
	}
}

// goOn answers a form by what came of it: the end, the next challenge, or the same page with a problem.
func (s *site) goOn(w http.ResponseWriter, r *http.Request, session *cognito.Cognito, name string, p page, err error) {
	var challenge *cognito.ChallengeError
	switch {
	case err == nil:
		// Here the application's own session begins, with session.Tokens() in it.
		http.SetCookie(w, s.sealer.cleared())
		s.show(w, http.StatusOK, "welcome", page{Username: session.AccessClaims().Username})
	case errors.As(err, &challenge):
		s.challenged(w, r, session)
	case errors.Is(err, cognito.ErrSessionExpired):
		http.SetCookie(w, s.sealer.cleared())
		s.show(w, http.StatusUnauthorized, "sign-in", page{Problem: "The sign-in took too long. Please start again."})
	default:
		status, problem := explain(err)
		if status == http.StatusInternalServerError {
			slog.ErrorContext(r.Context(), "web: sign-in", slog.Any("error", err))
		}
		p.Problem = problem
		s.show(w, status, name, p)
	}
}

// challenged puts the session's challenge into the cookie and sends the browser to the second page.
func (s *site) challenged(w http.ResponseWriter, r *http.Request, session *cognito.Cognito) {
	var st state
	st.Challenge, _ = session.Challenge()
	if st.Challenge.Name == cognito.ChallengeMFASetup {
		token, err := session.AssociateSoftwareToken(r.Context())
		if err != nil {
			slog.ErrorContext(r.Context(), "web: set-up", slog.Any("error", err))
			s.show(w, http.StatusInternalServerError, "sign-in", page{Problem: "Something went wrong. Please try again later."})
			return
		}
		st.Secret = token.Secret
		st.Challenge, _ = session.Challenge() // it goes on with a new session
	}
	cookie, err := s.sealer.seal(st)
	if err != nil {
		slog.ErrorContext(r.Context(), "web: cookie", slog.Any("error", err))
		s.show(w, http.StatusInternalServerError, "sign-in", page{Problem: "Something went wrong. Please try again later."})
		return
	}
	http.SetCookie(w, cookie)
	http.Redirect(w, r, "/challenge", http.StatusSeeOther)
}

// explain says what the user can do about err.
func explain(err error) (status int, problem string) {
	for _, known := range []struct {
		reason  error
		status  int
		problem string
	}{
		{cognito.ErrInvalidCredentials, http.StatusUnauthorized, "The name or the password is wrong."},
		{cognito.ErrUserNotFound, http.StatusUnauthorized, "The name or the password is wrong."},
		{cognito.ErrTooManyAttempts, http.StatusTooManyRequests, "Too many attempts. Please wait a while."},
		{cognito.ErrLimitExceeded, http.StatusTooManyRequests, "Too many attempts. Please wait a while."},
		{cognito.ErrThrottled, http.StatusServiceUnavailable, "Please try again in a moment."},
		{cognito.ErrCodeMismatch, http.StatusUnauthorized, "The code is wrong."},
		{cognito.ErrCodeExpired, http.StatusUnauthorized, "The code was used before. Please wait for the next one."},
		{cognito.ErrInvalidPassword, http.StatusUnprocessableEntity, "The password is too simple."},
		{cognito.ErrUserNotConfirmed, http.StatusForbidden, "Please confirm your address first."},
		{cognito.ErrPasswordResetRequired, http.StatusForbidden, "Please reset your password first."},
		{cognito.ErrUserDisabled, http.StatusForbidden, "The account is locked."},
	} {
		if errors.Is(err, known.reason) {
			return known.status, known.problem
		}
	}
	return http.StatusInternalServerError, "Something went wrong. Please try again later."
}
