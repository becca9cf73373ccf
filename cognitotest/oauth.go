package cognitotest

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ResourceServer is an API whose scopes the pool grants.
type ResourceServer struct {
	// Identifier identifies the API, such as "https://orders.example.com".
	Identifier string
	// Name is the API's name. The default is the identifier.
	Name string
	// Scopes are the names of the API's scopes. Clients request "<identifier>/<name>".
	Scopes []string
}

// The paths of the authorization server.
const (
	authorizePath = "/oauth2/authorize"
	tokenPath     = "/oauth2/token" //nolint:gosec // a path
	userInfoPath  = "/oauth2/userInfo"
	revokePath    = "/oauth2/revoke"
	loginPath     = "/login"
	logoutPath    = "/logout"
	errorPath     = "/error"
)

// The OAuth flows of an app client.
const (
	oauthCode     = "code"
	oauthImplicit = "implicit"
	oauthMachine  = "client_credentials"
)

// gateMachine is the value of ExplicitAuthFlows that allows GetClientToken.
const gateMachine = "ALLOW_CLIENT_TOKEN_AUTH"

// The scopes of every pool in addition to [userScope].
const (
	scopeOpenID  = "openid"
	scopeEmail   = "email"
	scopePhone   = "phone"
	scopeProfile = "profile"
)

var standardScopes = []string{scopeOpenID, scopeEmail, scopePhone, scopeProfile, userScope}

// profileAttributes are the attributes of the scope profile, in addition to custom attributes.
var profileAttributes = []string{
	"name", "family_name", "given_name", "middle_name", "nickname",
	attrPreferred, "profile", "picture", "website", "gender",
	"birthdate", "zoneinfo", "locale", "updated_at",
}

const (
	grantValidity   = 5 * time.Minute
	machineUsername = "ClientCredentials" // what triggers are told instead of a user
)

// oauthState is the state of the authorization server.
type oauthState struct {
	codes    map[string]*authorizationCode
	browsers map[string]*browser // by cookie
}

// authorization is a request to sign a user in for a client.
type authorization struct {
	client      *Client
	redirectURI string
	implicit    bool
	scopes      []string
	state       string
	nonce       string
	challenge   string // of PKCE; "" without
	resource    string
	prompt      []string
	hint        string
}

// authorizationCode is a code that a client exchanges for tokens, once.
type authorizationCode struct {
	*authorization

	user     *user
	authTime time.Time
	expires  time.Time
	used     bool
}

// refusal is the error of a rejected authorization request. It goes to the client if its redirect
// URI is known to be valid, and otherwise to the pool's own error page.
type refusal struct {
	code, description string
	client            string         // for the page
	to                *authorization // nil: on the page
}

// location returns the URL that the browser is sent to.
func (r *refusal) location() string {
	params := url.Values{"error": {r.code}}
	if r.description != "" {
		params.Set("error_description", r.description)
	}
	if r.to != nil {
		return r.to.location(params)
	}
	if r.client != "" {
		params.Set("client_id", r.client)
	}
	return errorPath + "?" + params.Encode()
}

// location returns the client's redirect URI with the response: in the query, or in the fragment
// for an implicit grant.
func (a *authorization) location(params url.Values) string {
	if a.state != "" {
		params.Set("state", a.state)
	}
	if a.implicit {
		return a.redirectURI + "#" + params.Encode()
	}
	separator := "?"
	if strings.Contains(a.redirectURI, "?") {
		separator = "&"
	}
	return a.redirectURI + separator + params.Encode()
}

// checkOAuth panics if the OAuth settings of cfg contradict each other, and fills in their
// defaults.
func (cfg *Config) checkOAuth() {
	for i, server := range cfg.ResourceServers {
		if server.Identifier == "" || len(server.Identifier) > 256 || strings.ContainsAny(server.Identifier, " \t\n") {
			panic(fmt.Sprintf("cognitotest: Config.ResourceServers[%d].Identifier: "+
				"want 1 to 256 characters without spaces, got %q", i, server.Identifier))
		}
		for _, scope := range server.Scopes {
			if scope == "" || strings.ContainsAny(scope, " \t\n/") {
				panic(fmt.Sprintf("cognitotest: Config.ResourceServers[%d].Scopes: "+
					"want names without spaces and slashes, got %q", i, scope))
			}
		}
	}
	for i := range cfg.Clients {
		c := &cfg.Clients[i]
		checkNames("Client.AllowedOAuthFlows", c.AllowedOAuthFlows, oauthCode, oauthImplicit, oauthMachine)
		if c.AllowedOAuthScopes == nil && len(c.AllowedOAuthFlows) > 0 {
			if !slices.Contains(c.AllowedOAuthFlows, oauthMachine) {
				c.AllowedOAuthScopes = slices.Clone(standardScopes)
			}
			c.AllowedOAuthScopes = append(c.AllowedOAuthScopes, cfg.customScopes()...)
		}
		if slices.Contains(c.ExplicitAuthFlows, gateMachine) && c.AllowedOAuthScopes == nil {
			c.AllowedOAuthScopes = cfg.customScopes()
		}
		if problem := cfg.oauthProblem(c); problem != "" {
			panic("cognitotest: Config.Clients: " + problem)
		}
	}
}

// customScopes returns the scopes of the resource servers.
func (cfg *Config) customScopes() []string {
	var scopes []string
	for _, server := range cfg.ResourceServers {
		for _, scope := range server.Scopes {
			scopes = append(scopes, server.Identifier+"/"+scope)
		}
	}
	return scopes
}

// oauthProblem returns the problem with the OAuth settings of a client, or "".
func (cfg *Config) oauthProblem(c *Client) string {
	machine := slices.Contains(c.AllowedOAuthFlows, oauthMachine)
	custom := cfg.customScopes()
	for _, scope := range c.AllowedOAuthScopes {
		if !slices.Contains(custom, scope) && (machine || !slices.Contains(standardScopes, scope)) {
			return "AllowedOAuthScopes: no resource server has the scope " + scope
		}
	}
	for _, uri := range append(slices.Clone(c.CallbackURLs), c.LogoutURLs...) {
		if !validRedirect(uri) {
			return "CallbackURLs and LogoutURLs: want absolute URLs with https, or http for localhost, got " + uri
		}
	}
	switch {
	case machine && len(c.AllowedOAuthFlows) > 1:
		return "AllowedOAuthFlows: client_credentials cannot be combined with code or implicit"
	case machine && c.Secret == "":
		return "AllowedOAuthFlows: client_credentials needs a client with a secret"
	case len(c.AllowedOAuthFlows) > 0 && !machine && len(c.CallbackURLs) == 0:
		return "CallbackURLs: want at least one with the flows code and implicit"
	case slices.Contains(c.ExplicitAuthFlows, gateMachine) && (len(c.ExplicitAuthFlows) > 1 || c.Secret == ""):
		return "ExplicitAuthFlows: " + gateMachine + " must stand alone, and needs a client with a secret"
	default:
		return ""
	}
}

// validRedirect reports whether the service would accept uri: https, http for this machine, or an
// app's own scheme.
func validRedirect(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || u.Fragment != "" || u.Opaque != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme != "http" || u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// readAuthorization checks an authorization request in the service's order. It first finds out
// where errors can be sent.
func (p *pool) readAuthorization(q url.Values) (*authorization, *refusal) {
	id := q.Get("client_id")
	for _, name := range []string{"client_id", "redirect_uri"} {
		if len(q[name]) != 1 || q.Get(name) == "" {
			return nil, &refusal{code: "Required String parameter '" + name + "' is not present", client: id}
		}
	}
	c, err := p.client(id)
	if err != nil {
		return nil, &refusal{code: "User pool client " + id + " does not exist.", client: id}
	}
	if !slices.Contains(c.CallbackURLs, q.Get("redirect_uri")) {
		return nil, &refusal{code: "redirect_mismatch", client: id}
	}
	kind := q.Get("response_type")
	a := &authorization{
		client: c, redirectURI: q.Get("redirect_uri"), implicit: kind == "token",
		state: q.Get("state"), nonce: q.Get("nonce"),
		challenge: q.Get("code_challenge"), resource: q.Get("resource"), prompt: strings.Fields(q.Get("prompt")),
		hint: q.Get("login_hint"),
	}
	flow := oauthCode
	if a.implicit {
		flow = oauthImplicit
	}
	method := q.Get("code_challenge_method")
	switch {
	case kind != "code" && kind != "token", repeats(q),
		(a.challenge == "") != (method == ""), method != "" && method != "S256",
		a.resource != "" && !validRedirect(a.resource):
		return nil, &refusal{code: "invalid_request", to: a}
	case !slices.Contains(c.AllowedOAuthFlows, flow):
		return nil, &refusal{code: "unauthorized_client", to: a}
	case !p.knowsProvider(q.Get("identity_provider")): // the service's text is not known
		return nil, &refusal{code: "invalid_request", description: "identity_provider does not exist", to: a}
	}
	scopes, ok := p.grantable(c, q.Get("scope"))
	if !ok {
		return nil, &refusal{code: "invalid_request", description: "invalid_scope", to: a}
	}
	a.scopes = scopes
	return a, nil
}

// repeats reports whether a parameter occurs twice, which OAuth forbids.
func repeats(q url.Values) bool {
	for _, values := range q {
		if len(values) > 1 {
			return true
		}
	}
	return false
}

func (p *pool) knowsProvider(name string) bool {
	return name == "" || name == providerCognito || p.findProvider(name) != nil
}

// grantable returns the scopes of a request: those that the client asks for, or all that it may
// have. ok is false if one of them is not allowed for the client, or if email, phone or profile
// come without openid.
func (p *pool) grantable(c *Client, list string) (scopes []string, ok bool) {
	if scopes = strings.Fields(list); len(scopes) == 0 {
		return slices.Clone(c.AllowedOAuthScopes), true
	}
	scopes = slices.Compact(scopes)
	for _, scope := range scopes {
		if !slices.Contains(c.AllowedOAuthScopes, scope) {
			return nil, false
		}
		if slices.Contains([]string{scopeEmail, scopePhone, scopeProfile}, scope) &&
			!slices.Contains(scopes, scopeOpenID) {
			return nil, false
		}
	}
	return scopes, true
}

// grant responds to an authorization request of a user who has signed in: with a code, or with
// tokens.
func (p *pool) grant(a *authorization, u *user, authTime time.Time) (string, error) {
	if !a.implicit {
		return a.location(url.Values{"code": {p.newCode(a, u, authTime)}}), nil
	}
	f := p.oauthFamily(a, u, authTime)
	result, err := p.issue(a.client, f, hostedSource)
	if err != nil {
		return "", err
	}
	p.families[f.originID] = f
	params := url.Values{
		"access_token": {result.AccessToken}, "token_type": {"Bearer"}, "expires_in": {strconv.Itoa(result.ExpiresIn)},
	}
	if result.IDToken != "" {
		params.Set("id_token", result.IDToken)
	}
	return a.location(params), nil
}

// hostedSource is the trigger source of PreTokenGeneration for a sign-in on the pool's pages.
const hostedSource = "TokenGeneration_HostedAuth"

func (p *pool) newCode(a *authorization, u *user, authTime time.Time) string {
	if p.oauth.codes == nil {
		p.oauth.codes = map[string]*authorizationCode{}
	}
	code := newUUID()
	p.oauth.codes[code] = &authorizationCode{
		authorization: a, user: u, authTime: authTime, expires: p.now().Add(grantValidity),
	}
	return code
}

// oauthFamily starts the token family of a sign-in on the pool's pages.
func (p *pool) oauthFamily(a *authorization, u *user, authTime time.Time) *family {
	return &family{
		originID: newUUID(), eventID: newUUID(), user: u, client: a.client.ID, authTime: authTime,
		expires: p.now().Add(a.client.RefreshTokenValidity), scopes: a.scopes, resource: a.resource, nonce: a.nonce,
	}
}

// scopeAccess adds the authorization server's claims to an access token.
func (f *family) scopeAccess(claims jwt.MapClaims) {
	if f.scopes == nil {
		return
	}
	claims["scope"], claims["version"] = strings.Join(f.scopes, " "), 2
	if f.resource != "" {
		claims["aud"] = f.resource
	}
}

// scopeID binds an ID token to its access token and to the request, and reports whether there is
// one. Refreshed ID tokens have no nonce.
func (f *family) scopeID(claims jwt.MapClaims, accessToken string) bool {
	if f.scopes == nil {
		return true
	}
	sum := sha256.Sum256([]byte(accessToken))
	claims["at_hash"] = base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	if f.nonce != "" {
		claims["nonce"], f.nonce = f.nonce, ""
	}
	return slices.Contains(f.scopes, scopeOpenID)
}

// shows reports whether scopes include an attribute. openid alone includes all.
func shows(scopes []string, name string) bool {
	has := func(scope string) bool { return slices.Contains(scopes, scope) }
	switch {
	case scopes == nil, name == attrSub, !has(scopeEmail) && !has(scopePhone) && !has(scopeProfile):
		return true
	case name == attrEmail, name == attrEmailVerified:
		return has(scopeEmail)
	case name == attrPhone, name == attrPhoneVerified:
		return has(scopePhone)
	default:
		return has(scopeProfile) && (slices.Contains(profileAttributes, name) || strings.HasPrefix(name, customPrefix))
	}
}

// oauthError is an error response of the token endpoint and related ones.
type oauthError struct {
	status            int
	code, description string
}

// Error returns the code and the description.
func (e *oauthError) Error() string { return e.code + " " + e.description }

func oauthFailure(code string) *oauthError {
	return &oauthError{status: http.StatusBadRequest, code: code}
}

// tokenResponse is the response of the token endpoint.
type tokenResponse struct {
	IDToken      string `json:"id_token,omitempty"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitempty"`
	ExpiresIn    int    `json:"expires_in"`
	TokenType    string `json:"token_type"`
}

func newTokenResponse(r *authResult) *tokenResponse {
	return &tokenResponse{r.IDToken, r.AccessToken, r.RefreshToken, r.ExpiresIn, r.TokenType}
}

// serveOAuth handles a request to the authorization server, and reports whether it was one.
func (s *Server) serveOAuth(w http.ResponseWriter, r *http.Request, body []byte) bool {
	handlers := map[string]map[string]func(http.ResponseWriter, *http.Request, url.Values){
		authorizePath: {http.MethodGet: s.serveAuthorize},
		loginPath:     {http.MethodGet: s.serveLogin, http.MethodPost: s.serveSignIn},
		logoutPath:    {http.MethodGet: s.serveLogout},
		errorPath:     {http.MethodGet: s.serveErrorPage},
		tokenPath:     {http.MethodPost: s.serveToken},
		revokePath:    {http.MethodPost: s.serveRevoke},
		userInfoPath:  {http.MethodGet: s.serveUserInfo},
	}
	methods, ok := handlers[r.URL.Path]
	if !ok {
		return false
	}
	serve, ok := methods[r.Method]
	if !ok {
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return true
	}
	header := w.Header()
	header.Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
	header.Set("Pragma", "no-cache")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("X-Amz-Cognito-Request-Id", newUUID())
	serve(w, r, formOf(r.Header, body))
	return true
}

// authority returns the pool whose authorization server a request refers to: the pool of the domain
// it was sent to, or else the pool of its client or token. It is the first pool if the request
// names none.
func (s *Server) authority(r *http.Request, form url.Values) *pool {
	if p := s.service.atDomain(r.Host); p != nil {
		return p
	}
	id, _, ok := r.BasicAuth()
	if !ok {
		id = cmp.Or(form.Get("client_id"), r.URL.Query().Get("client_id"))
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return s.service.authority(id, token)
}

// authority returns the pool of a client or a token.
func (s *service) authority(clientID, token string) *pool {
	p := s.findPool(func(p *pool) bool { return p.apps[clientID] != nil })
	if p == nil {
		id := keyID(token)
		p = s.findPool(func(p *pool) bool { return p.keys.find(id) != nil })
	}
	if p == nil {
		p = s.at("")
	}
	return p
}

// formOf decodes a form. It returns nil if body is not a form.
func formOf(header http.Header, body []byte) url.Values {
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	return form
}

// answerJSON responds as the token endpoint does.
func answerJSON(w http.ResponseWriter, out any, err error) {
	if err == nil {
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		_ = json.NewEncoder(w).Encode(out) // a client that is gone needs no answer
		return
	}
	var failure *oauthError
	var thrown *apiError
	switch {
	case errors.As(err, &failure):
	// The service's form is not known.
	case errors.As(err, &thrown) && thrown.status < http.StatusInternalServerError:
		failure = &oauthError{http.StatusBadRequest, "invalid_grant", thrown.message}
	default:
		failure = &oauthError{http.StatusInternalServerError, "server_error", err.Error()}
	}
	body := map[string]string{"error": failure.code}
	if failure.description != "" {
		body["error_description"] = failure.description
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(failure.status)
	_ = json.NewEncoder(w).Encode(body)
}

// oauthClient returns the client that a request to the token endpoint authenticates as, with a
// header or in the form.
func (p *pool) oauthClient(r *http.Request, form url.Values) (*Client, error) {
	if form == nil || repeats(form) {
		return nil, oauthFailure("invalid_request")
	}
	id, secret, byHeader := r.BasicAuth()
	switch {
	case byHeader && form.Get("client_secret") != "":
		return nil, oauthFailure("invalid_request") // one way at a time
	case byHeader && form.Get("client_id") != "" && form.Get("client_id") != id,
		r.Header.Get("Authorization") != "" && !byHeader:
		return nil, oauthFailure("invalid_client")
	case !byHeader:
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	if id == "" {
		return nil, oauthFailure("invalid_request")
	}
	c, err := p.client(id)
	if err != nil {
		return nil, oauthFailure("invalid_client")
	}
	if c.accepts(secret) {
		return c, nil
	}
	// Clients may encode both as forms are, as OAuth has it.
	if plain, err := url.QueryUnescape(secret); byHeader && err == nil && c.accepts(plain) {
		return c, nil
	}
	return nil, oauthFailure("invalid_client")
}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request, form url.Values) {
	s.mu.Lock()
	out, err := s.authority(r, form).token(r, form)
	s.mu.Unlock()
	answerJSON(w, out, err)
}

func (p *pool) token(r *http.Request, form url.Values) (*tokenResponse, error) {
	c, err := p.oauthClient(r, form)
	if err != nil {
		return nil, err
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		return p.exchangeCode(c, form)
	case "refresh_token":
		return p.refreshGrant(c, form)
	case oauthMachine:
		return p.machineGrant(c, form)
	case "":
		return nil, oauthFailure("invalid_request")
	default:
		return nil, oauthFailure("unsupported_grant_type")
	}
}

// exchangeCode exchanges an authorization code. An attempt of the right client uses the code up,
// even if it fails.
func (p *pool) exchangeCode(c *Client, form url.Values) (*tokenResponse, error) {
	switch {
	case !slices.Contains(c.AllowedOAuthFlows, oauthCode):
		return nil, oauthFailure("unauthorized_client")
	case form.Get("code") == "" || form.Get("redirect_uri") == "":
		return nil, oauthFailure("invalid_request")
	}
	code := p.oauth.codes[form.Get("code")]
	if code == nil || code.client.ID != c.ID || code.used {
		return nil, oauthFailure("invalid_grant")
	}
	code.used = true
	switch {
	case p.now().After(code.expires), code.redirectURI != form.Get("redirect_uri"),
		!code.verify(form.Get("code_verifier")),
		p.bySub(code.user.sub) != code.user, code.user.disabled:
		return nil, oauthFailure("invalid_grant")
	}
	f := p.oauthFamily(code.authorization, code.user, code.authTime)
	result, err := p.issue(c, f, hostedSource)
	if err != nil {
		return nil, err
	}
	p.families[f.originID] = f
	result.RefreshToken = p.newRefreshToken(f)
	return newTokenResponse(result), nil
}

// verify reports whether verifier matches the code's challenge. Without a challenge there must be
// no verifier.
func (a *authorization) verify(verifier string) bool {
	if a.challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	want := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(want), []byte(a.challenge)) == 1
}

// refreshGrant refreshes tokens. They may also come from a sign-in with the service's operations,
// if no device was tracked.
func (p *pool) refreshGrant(c *Client, form url.Values) (*tokenResponse, error) {
	if form.Get("refresh_token") == "" {
		return nil, oauthFailure("invalid_request")
	}
	token, err := p.checkRefresh(c, form.Get("refresh_token"), "")
	if err != nil {
		return nil, oauthFailure("invalid_grant")
	}
	result, err := p.renew(c, token)
	if err != nil {
		return nil, err
	}
	return newTokenResponse(result), nil
}

func (p *pool) machineGrant(c *Client, form url.Values) (*tokenResponse, error) {
	switch {
	case len(c.AllowedOAuthFlows) == 0:
		// Users report this error for clients without AllowedOAuthFlowsUserPoolClient.
		return nil, oauthFailure("invalid_grant")
	case !slices.Contains(c.AllowedOAuthFlows, oauthMachine):
		return nil, oauthFailure("unauthorized_client")
	}
	scopes, ok := p.grantable(c, form.Get("scope"))
	if !ok {
		return nil, oauthFailure("invalid_scope")
	}
	var metadata map[string]string
	if text := form.Get("aws_client_metadata"); text != "" && json.Unmarshal([]byte(text), &metadata) != nil {
		return nil, oauthFailure("invalid_request")
	}
	result, err := p.machineToken(c, scopes, metadata)
	if err != nil {
		return nil, err
	}
	return newTokenResponse(result), nil
}

// machineToken issues an access token to the client itself.
func (p *pool) machineToken(c *Client, scopes []string, metadata map[string]string) (*authResult, error) {
	event := &PreTokenGenerationEvent{
		TriggerEvent: p.event("TokenGeneration_ClientCredentials", c, nil, machineUsername, metadata),
	}
	event.UserNotFound, event.scope = false, strings.Join(scopes, " ")
	if err := trigger(p, triggerPreToken, p.cfg.Triggers.PreTokenGeneration, event); err != nil {
		return nil, err
	}
	now := p.now()
	claims := jwt.MapClaims{
		"sub": c.ID, "client_id": c.ID, "iss": p.cfg.Issuer, "token_use": useAccess, "scope": strings.Join(scopes, " "),
		"auth_time": now.Unix(), "iat": now.Unix(), "exp": now.Add(c.AccessTokenValidity).Unix(),
		"jti": newUUID(), "version": 2,
	}
	event.Access.apply(claims, nil)
	access, err := p.sign(claims, p.keys.access)
	if err != nil {
		return nil, err
	}
	return &authResult{AccessToken: access, ExpiresIn: int(c.AccessTokenValidity / time.Second), TokenType: "Bearer"}, nil
}

type clientTokenInput struct {
	ClientID       string `json:"ClientId"`
	Secret         string
	Scopes         []string
	ClientMetadata map[string]string
}

type clientTokenResult struct {
	AccessToken string
	ExpiresIn   int
	TokenType   string
}

type clientTokenOutput struct{ ClientAuthenticationResult clientTokenResult }

// getClientToken issues a machine's token without a domain. The service's texts of its errors are
// not known.
func (p *pool) getClientToken(in *clientTokenInput) (clientTokenOutput, error) {
	c, err := p.client(in.ClientID)
	if err != nil {
		return clientTokenOutput{}, err
	}
	switch {
	case !c.accepts(in.Secret):
		return clientTokenOutput{}, notAuthorized("Unable to verify secret for client " + c.ID)
	case !slices.Contains(c.ExplicitAuthFlows, gateMachine):
		return clientTokenOutput{}, errFlowGate("CLIENT_TOKEN_AUTH")
	}
	scopes, ok := p.grantable(c, strings.Join(in.Scopes, " "))
	if !ok {
		return clientTokenOutput{}, invalidParameter("Invalid scope requested")
	}
	result, err := p.machineToken(c, scopes, in.ClientMetadata)
	if err != nil {
		return clientTokenOutput{}, err
	}
	return clientTokenOutput{clientTokenResult{result.AccessToken, result.ExpiresIn, result.TokenType}}, nil
}

func (s *Server) serveRevoke(w http.ResponseWriter, r *http.Request, form url.Values) {
	s.mu.Lock()
	err := s.authority(r, form).revokeGrant(r, form)
	s.mu.Unlock()
	if err != nil {
		answerJSON(w, nil, err)
	}
}

// revokeGrant revokes a refresh token. A token that is no longer valid is not an error.
func (p *pool) revokeGrant(r *http.Request, form url.Values) error {
	c, err := p.oauthClient(r, form)
	var failure *oauthError
	if errors.As(err, &failure) && failure.code == "invalid_client" {
		return &oauthError{status: http.StatusUnauthorized, code: failure.code}
	}
	if err != nil {
		return err
	}
	raw := form.Get("token")
	token := p.refresh[raw]
	switch {
	case raw == "" || c.DisableTokenRevocation:
		return oauthFailure("invalid_request")
	case token == nil && strings.Count(raw, ".") == 2: // an access or ID token
		return oauthFailure("unsupported_token_type")
	case token != nil && token.family.client == c.ID:
		token.family.revoked = true
	}
	return nil
}

func (s *Server) serveUserInfo(w http.ResponseWriter, r *http.Request, _ url.Values) {
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || raw == "" {
		refuseBearer(w,
			&oauthError{http.StatusBadRequest, "invalid_request", "Bad OAuth2 request at UserInfo Endpoint"})
		return
	}
	s.mu.Lock()
	out, err := s.authority(r, nil).userInfo(raw)
	s.mu.Unlock()
	if err != nil {
		refuseBearer(w, err)
		return
	}
	answerJSON(w, out, nil)
}

// refuseBearer reports the error in the header, as the service does, and in the body.
func refuseBearer(w http.ResponseWriter, err *oauthError) {
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer error=%q, error_description=%q`, err.code, err.description))
	answerJSON(w, nil, err)
}

func (p *pool) userInfo(raw string) (map[string]string, *oauthError) {
	u, claims, err := p.readAccessToken(raw)
	if err != nil {
		return nil, &oauthError{
			http.StatusUnauthorized, "invalid_token",
			"Access token is expired, disabled, or deleted, or the user has globally signed out.",
		}
	}
	scopes := strings.Fields(claims.Scope)
	c, err := p.client(claims.ClientID)
	if err != nil || !slices.Contains(scopes, scopeOpenID) {
		return nil, &oauthError{http.StatusUnauthorized, "invalid_token", "Access token does not contain openid scope"}
	}
	info := map[string]string{"username": u.username}
	for _, a := range u.readable(c) {
		if shows(scopes, a.Name) {
			info[a.Name] = a.Value // also of email_verified, which the service sends as text
		}
	}
	return info, nil
}

// newCookie returns an unguessable value.
func newCookie() string { return rand.Text() + rand.Text() }

// checkOAuthSettings checks the OAuth settings of a client on the wire. The service's texts are not
// known.
func (p *pool) checkOAuthSettings(s *clientSettings, secret bool) error {
	c := &Client{}
	s.apply(c)
	if secret {
		c.Secret = "there is one"
	}
	problem := p.cfg.oauthProblem(c)
	switch {
	case problem == "":
		return nil
	case strings.HasPrefix(problem, "AllowedOAuthScopes"):
		return exception("ScopeDoesNotExistException", problem)
	case strings.HasPrefix(problem, "AllowedOAuthFlows"):
		return exception("InvalidOAuthFlowException", problem)
	default:
		return invalidParameter(problem)
	}
}
