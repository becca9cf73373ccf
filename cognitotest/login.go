package cognitotest

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const browserValidity = time.Hour

// cookieName is the name of the cookie of a signed-in browser. Each pool has its own: they are all
// on one host.
func (p *pool) cookieName() string { return "cognito-" + p.cfg.UserPoolID }

// browser is a browser in which a user has signed in.
type browser struct {
	user     *user
	authTime time.Time
	expires  time.Time
}

// browserOf returns the signed-in browser of a request, or nil.
func (p *pool) browserOf(r *http.Request) *browser {
	cookie, err := r.Cookie(p.cookieName())
	if err != nil {
		return nil
	}
	b := p.oauth.browsers[cookie.Value]
	if b == nil || p.now().After(b.expires) || p.bySub(b.user.sub) != b.user || b.user.disabled {
		return nil
	}
	return b
}

// Authorize handles an authorization request, the URL that an application sends a browser to, for
// the user username, as the pool's pages do once the user has signed in. It returns the URL that
// the browser is sent to next: the application's redirect URI with a code, or with an error if the
// request is rejected. If the app client or the redirect URI is wrong, it returns the pool's own
// error page. The pool is that of the app client. It panics if the pool has no such user or rawURL
// is not a URL.
func (s *Server) Authorize(rawURL, username string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		panic("cognitotest: Authorize: " + err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.service.authority(u.Query().Get("client_id"), "")
	signedIn := p.must(username)
	a, refused := p.readAuthorization(u.Query())
	if refused == nil {
		location, err := p.grant(a, signedIn, p.now())
		if err == nil {
			return location
		}
		refused = &refusal{code: "invalid_request", description: textOf(err), to: a}
	}
	if refused.to == nil {
		return s.URL + refused.location()
	}
	return refused.location()
}

// textOf returns the text of an error for a page.
func textOf(err error) string {
	if thrown, ok := errors.AsType[*apiError](err); ok {
		return thrown.message
	}
	return err.Error()
}

// serveAuthorize sends a browser back to the application if the user has already signed in, and
// otherwise to the login page.
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request, _ url.Values) {
	s.mu.Lock()
	location := s.authority(r, nil).authorizeBrowser(r)
	s.mu.Unlock()
	redirect(w, location)
}

func (p *pool) authorizeBrowser(r *http.Request) string {
	a, refused := p.readAuthorization(r.URL.Query())
	if refused != nil {
		return refused.location()
	}
	b := p.browserOf(r)
	silent := slices.Contains(a.prompt, "none")
	switch {
	case b != nil && !slices.Contains(a.prompt, "login"):
		location, err := p.grant(a, b.user, b.authTime)
		if err != nil {
			return (&refusal{code: "invalid_request", description: textOf(err), to: a}).location()
		}
		return location
	case silent:
		return (&refusal{code: "login_required", to: a}).location()
	default:
		return loginPath + "?" + r.URL.RawQuery
	}
}

// redirect redirects a browser. It does not clean the location, which may have an app's own scheme.
func redirect(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
}

// serveLogin shows the form.
func (s *Server) serveLogin(w http.ResponseWriter, r *http.Request, _ url.Values) {
	s.mu.Lock()
	a, refused := s.authority(r, nil).readAuthorization(r.URL.Query())
	s.mu.Unlock()
	if refused != nil {
		redirect(w, refused.location())
		return
	}
	showLogin(w, http.StatusOK,
		loginView{Query: r.URL.RawQuery, Username: a.hint, Provider: r.URL.Query().Get("identity_provider")})
}

// serveSignIn handles a step of the sign-in: the name and the password, or the answer to a
// challenge.
func (s *Server) serveSignIn(w http.ResponseWriter, r *http.Request, form url.Values) {
	step := s.signInStep(r, form)
	for _, m := range step.sent {
		s.onMessage(m)
	}
	if step.cookie != "" {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // the pool speaks plain HTTP
			Name: step.cookieName, Value: step.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
	if step.location != "" {
		redirect(w, step.location)
		return
	}
	showLogin(w, step.status, step.view)
}

// loginStep is the result of a step of the sign-in: another page, or a redirect.
type loginStep struct {
	location           string
	cookie, cookieName string
	status             int
	view               loginView
	sent               []Message
}

func (s *Server) signInStep(r *http.Request, form url.Values) (step loginStep) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.authority(r, nil)
	before := len(s.service.messages)
	defer func() {
		if s.onMessage != nil {
			step.sent = slices.Clone(s.service.messages[before:])
		}
	}()
	a, refused := p.readAuthorization(r.URL.Query())
	if refused != nil {
		return loginStep{location: refused.location()}
	}
	view := loginView{
		Query: r.URL.RawQuery, Username: form.Get("username"), Provider: r.URL.Query().Get("identity_provider"),
		Session: form.Get("session"), Challenge: form.Get("challenge"),
	}
	out, err := p.hostedSignIn(a.client, form)
	switch {
	case err != nil:
		view.Problem = textOf(err)
		if errors.Is(err, errSession) || errors.Is(err, errSessionExpired) || errors.Is(err, errSessionUsed) {
			view.Session, view.Challenge = "", ""
		}
		return loginStep{status: http.StatusBadRequest, view: view}
	case out.hosted == nil:
		view.Session, view.Challenge = out.Session, out.ChallengeName
		view.Username = out.ChallengeParameters[paramUserID]
		return loginStep{status: http.StatusOK, view: view}
	}
	b := &browser{user: out.hosted.user, authTime: p.now(), expires: p.now().Add(browserValidity)}
	if p.oauth.browsers == nil {
		p.oauth.browsers = map[string]*browser{}
	}
	cookie := newCookie()
	p.oauth.browsers[cookie] = b
	location, err := p.grant(a, b.user, b.authTime)
	if err != nil {
		location = (&refusal{code: "invalid_request", description: textOf(err), to: a}).location()
	}
	return loginStep{location: location, cookie: cookie, cookieName: p.cookieName()}
}

// hostedSignIn continues a sign-in on the pool's pages. Like the service's pages, it ignores the
// client's ExplicitAuthFlows and secret hash.
func (p *pool) hostedSignIn(c *Client, form url.Values) (authOutput, error) {
	r := &authRequest{
		client: c, hosted: true, session: form.Get("session"),
		params: map[string]string{paramUsername: form.Get("username")},
	}
	if r.session == "" {
		r.params[paramPassword] = form.Get("password")
		if err := required(r.params, paramUsername, paramPassword); err != nil {
			return authOutput{}, err
		}
		if err := p.migrateAtSignIn(r); err != nil {
			return authOutput{}, err
		}
		l, err := p.identify(r, flowPassword)
		if err != nil {
			return authOutput{}, errWrongPassword // the pages never say which users exist
		}
		l.hosted = true
		return p.provePassword(l, r.params[paramPassword])
	}
	challenge := form.Get("challenge")
	if key := codeKeys[challenge]; key != "" {
		r.params[key] = form.Get("code")
	}
	r.params[paramNewPassword], r.params[paramAnswer] = form.Get("new_password"), form.Get("answer")
	for name := range form {
		if len(name) > len(attributePrefix) && name[:len(attributePrefix)] == attributePrefix {
			r.params[name] = form.Get(name)
		}
	}
	return p.answer(challenge, r)
}

// serveLogout signs the browser out, and redirects it to one of the client's sign-out URLs or to
// the login page.
func (s *Server) serveLogout(w http.ResponseWriter, r *http.Request, _ url.Values) {
	s.mu.Lock()
	p := s.authority(r, nil)
	location, ok := p.logoutLocation(r.URL.Query())
	if cookie, err := r.Cookie(p.cookieName()); ok && err == nil {
		delete(p.oauth.browsers, cookie.Value)
	}
	s.mu.Unlock()
	if ok {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // the pool speaks plain HTTP
			Name: p.cookieName(), Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
	redirect(w, location)
}

// logoutLocation returns the URL that a sign-out redirects to. ok is false if the request is
// rejected. The service's texts for wrong sign-out URLs are not known.
func (p *pool) logoutLocation(q url.Values) (location string, ok bool) {
	id := q.Get("client_id")
	c, err := p.client(id)
	switch {
	case id == "":
		return (&refusal{code: "Required String parameter 'client_id' is not present"}).location(), false
	case err != nil:
		return (&refusal{code: "User pool client " + id + " does not exist.", client: id}).location(), false
	case q.Get("logout_uri") != "":
		if !slices.Contains(c.LogoutURLs, q.Get("logout_uri")) {
			return (&refusal{code: "invalid_request", client: id}).location(), false
		}
		return q.Get("logout_uri"), true
	case q.Get("redirect_uri") != "":
		if _, refused := p.readAuthorization(q); refused != nil {
			return refused.location(), false
		}
		return loginPath + "?" + q.Encode(), true
	default:
		return (&refusal{code: "Required String parameter 'redirect_uri' is not present", client: id}).location(), false
	}
}

func (s *Server) serveErrorPage(w http.ResponseWriter, r *http.Request, _ url.Values) {
	q := r.URL.Query()
	showPage(w, http.StatusBadRequest, "error",
		map[string]string{"Code": q.Get("error"), "Description": q.Get("error_description")})
}

// loginView is the data of the login page.
type loginView struct {
	Query              string // of the authorization request
	Username, Provider string
	Session, Challenge string // "" on the first page
	Problem            string
}

// Action is the URL of the form, with the authorization request. It begins with a path, so it is
// safe.
func (v loginView) Action() template.URL { return template.URL(loginPath + "?" + v.Query) } //nolint:gosec // see above

// Asks is the kind of input on the page: "password", "code", "new password", "choice", or "" if the
// page does not support the challenge.
func (v loginView) Asks() string {
	switch {
	case v.Session == "":
		return "password"
	case codeKeys[v.Challenge] != "":
		return "code"
	case v.Challenge == challengeNewPassword:
		return "new password"
	case v.Challenge == challengeSelectMFA:
		return "choice"
	default:
		return ""
	}
}

func showLogin(w http.ResponseWriter, status int, view loginView) { showPage(w, status, "login", view) }

func showPage(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	if err := pages.ExecuteTemplate(w, name, data); err != nil {
		_, _ = fmt.Fprintln(w, "the page cannot be shown")
	}
}

// loginStyle is the style sheet of the pages, in one line.
const loginStyle = `body{font-family:sans-serif;max-width:24rem;margin:4rem auto}` +
	`input,button{display:block;width:100%;margin:.5rem 0;padding:.5rem;box-sizing:border-box}` +
	`.problem{color:#b00}`

var pages = template.Must(template.New("").Parse(`
{{define "top"}}<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.}}</title>
<style>` + loginStyle + `</style>
</head><body><h1>{{.}}</h1>{{end}}
{{define "login"}}{{template "top" "Sign in"}}
{{- with .Provider}}<p>This page stands in for the identity provider {{.}}.</p>{{end}}
{{- with .Problem}}<p class="problem" role="alert">{{.}}</p>{{end}}
<form method="post" action="{{.Action}}">
{{- if .Session}}
<input type="hidden" name="session" value="{{.Session}}">
<input type="hidden" name="challenge" value="{{.Challenge}}">
<input type="hidden" name="username" value="{{.Username}}">
{{- end}}
{{- if eq .Asks "password"}}
<label>Username <input name="username" value="{{.Username}}" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button type="submit">Sign in</button>
{{- else if eq .Asks "code"}}
<label>Code ({{.Challenge}}) <input name="code" inputmode="numeric" autocomplete="one-time-code" required></label>
<button type="submit">Continue</button>
{{- else if eq .Asks "new password"}}
<label>New password <input name="new_password" type="password" autocomplete="new-password" required></label>
<button type="submit">Change the password</button>
{{- else if eq .Asks "choice"}}
<label>Second factor (SMS_MFA, SOFTWARE_TOKEN_MFA or EMAIL_OTP) <input name="answer" required></label>
<button type="submit">Continue</button>
{{- else}}
<p class="problem">This page cannot answer the challenge {{.Challenge}}.</p>
{{- end}}
</form></body></html>{{end}}
{{define "error"}}{{template "top" "An error was encountered with the requested page."}}
<p class="problem" role="alert">{{.Code}}</p>{{with .Description}}<p>{{.}}</p>{{end}}
</body></html>{{end}}
`))
