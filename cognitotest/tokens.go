package cognitotest

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// userScope is the only scope of tokens from the service's own sign-in.
const userScope = "aws.cognito.signin.user.admin"

// The uses of tokens, as the claim token_use names them.
const (
	useAccess = "access"
	useID     = "id"
)

// family is the set of all tokens of one sign-in.
type family struct {
	originID string
	eventID  string
	user     *user
	client   string
	authTime time.Time
	expires  time.Time // of the refresh tokens; a rotation does not move it
	revoked  bool
	device   string            // the key of the device; "" where devices are not tracked
	metadata map[string]string // of the request in hand

	used    time.Time // when tokens were last issued
	serial  int64     // tells sessions that were used at the same moment apart
	level   int       // of authentication; 0 where none was asked for
	methods []string  // that reached it
	// Of a sign-in at the authorization server.
	scopes   []string // nil: it was by the service's operations
	resource string   // that the access token is bound to; "" for none
	nonce    string   // of the request, until the first ID token has it
}

// refreshable is a refresh token.
type refreshable struct {
	family  *family
	rotated time.Time // when another one took its place; zero if none has
}

type authResult struct {
	AccessToken  string
	ExpiresIn    int
	TokenType    string
	RefreshToken string `json:",omitempty"`
	IDToken      string `json:"IdToken,omitempty"`

	NewDeviceMetadata *deviceMetadata `json:",omitempty"`
}

// signIn issues the tokens of a new sign-in. If the pool tracks devices, a sign-in without a
// confirmed device gets a new device.
func (p *pool) signIn(l *login) (authOutput, error) {
	c, u := l.client, l.user
	f := &family{
		originID: newUUID(), eventID: newUUID(), user: u, client: c.ID,
		authTime: p.now(), expires: p.now().Add(c.RefreshTokenValidity), metadata: l.metadata,
	}
	if l.target > 0 {
		f.level, f.methods = levelOf(l.methods), l.methods
	}
	var metadata *deviceMetadata
	switch {
	case l.device != nil:
		f.device, l.device.authenticated = l.device.key, p.now()
	case p.cfg.Devices != nil:
		d := p.newDevice(u)
		f.device, metadata = d.key, &deviceMetadata{d.key, d.group}
	}
	source := l.source
	if source == "" {
		source = "TokenGeneration_Authentication"
	}
	result, err := p.issue(c, f, source)
	if err != nil {
		return authOutput{}, err
	}
	p.families[f.originID] = f
	p.evict(u)
	p.note(u, eventSignIn, eventPass, l.address, l.parts()...)
	result.RefreshToken, result.NewDeviceMetadata = p.newRefreshToken(f), metadata
	return authOutput{ChallengeParameters: map[string]string{}, AuthenticationResult: result}, nil
}

// newRefreshToken returns an opaque refresh token that looks like the service's.
func (p *pool) newRefreshToken(f *family) string {
	// The header is {"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}.
	const header = "eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ"
	parts := []string{header}
	for _, size := range []int{256, 12, 700, 16} {
		random := make([]byte, size)
		_, _ = rand.Read(random) // it never fails
		parts = append(parts, base64.RawURLEncoding.EncodeToString(random))
	}
	token := strings.Join(parts, ".")
	p.refresh[token] = &refreshable{family: f}
	return token
}

// issue signs an ID and an access token, after PreTokenGeneration has changed them.
func (p *pool) issue(c *Client, f *family, source string) (*authResult, error) {
	event := &PreTokenGenerationEvent{
		TriggerEvent: p.event(source, c, f.user, f.user.username, f.metadata), Groups: groupNames(p.groupsOf(f.user)),
		scope: userScope,
	}
	if f.scopes != nil {
		event.scope = strings.Join(f.scopes, " ")
	}
	if err := trigger(p, triggerPreToken, p.cfg.Triggers.PreTokenGeneration, event); err != nil {
		return nil, err
	}
	f.used, f.serial = p.now(), p.nextSerial()
	accessClaims, idClaims := p.accessClaims(c, f), p.idClaims(c, f)
	event.Access.apply(accessClaims, event.Groups)
	event.ID.apply(idClaims, event.Groups)
	access, err := p.sign(accessClaims, p.keys.access)
	if err != nil {
		return nil, err
	}
	id := ""
	if f.scopeID(idClaims, access) {
		if id, err = p.sign(idClaims, p.keys.id); err != nil {
			return nil, err
		}
	}
	return &authResult{
		AccessToken: access, IDToken: id, TokenType: "Bearer",
		ExpiresIn: int(c.AccessTokenValidity / time.Second),
	}, nil
}

// fixedClaims are the claims that PreTokenGeneration cannot change.
var fixedClaims = []string{
	"acr", "amr", "at_hash", "aud", "auth_time", "azp", "client_id",
	"cognito:username", "device_key", "event_id", "exp", "iat",
	"iss", "jti", "nbf", "nonce", "origin_jti", "sub", "token_use", "username",
}

// apply makes the changes of PreTokenGeneration.
func (changes *ClaimChanges) apply(claims jwt.MapClaims, groups []string) {
	delete(claims, "cognito:groups")
	if len(groups) > 0 {
		claims["cognito:groups"] = groups
	}
	for _, name := range changes.Remove {
		if !slices.Contains(fixedClaims, name) {
			delete(claims, name)
		}
	}
	for name, value := range changes.Set {
		if !slices.Contains(fixedClaims, name) {
			claims[name] = value
		}
	}
}

// evict ends the least recently used sessions of a user who has too many. The service's error for
// their tokens is not known; here they are revoked.
func (p *pool) evict(u *user) {
	if p.cfg.MaxSessions == 0 {
		return
	}
	var live []*family
	for _, f := range p.families {
		if f.user == u && !f.revoked && !f.used.IsZero() && p.now().Before(f.expires) {
			live = append(live, f)
		}
	}
	slices.SortFunc(live,
		func(a, b *family) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.serial, b.serial)) })
	for _, f := range live[:max(len(live)-p.cfg.MaxSessions, 0)] {
		f.revoked = true
	}
}

func (p *pool) commonClaims(c *Client, f *family, use string, validity time.Duration) jwt.MapClaims {
	now := p.now()
	claims := jwt.MapClaims{
		"sub": f.user.sub, "iss": p.cfg.Issuer, "token_use": use, "event_id": f.eventID,
		"auth_time": f.authTime.Unix(), "iat": now.Unix(), "exp": now.Add(validity).Unix(),
	}
	if !c.DisableTokenRevocation || c.RefreshTokenRotation {
		claims["jti"], claims["origin_jti"] = newUUID(), f.originID
	}
	if groups := p.groupsOf(f.user); len(groups) > 0 {
		claims["cognito:groups"] = groupNames(groups)
	}
	if f.level > 0 {
		claims["acr"], claims["amr"] = p.cfg.ACRNames[f.level-1], amr(f.methods)
	}
	return claims
}

func (p *pool) accessClaims(c *Client, f *family) jwt.MapClaims {
	claims := p.commonClaims(c, f, useAccess, c.AccessTokenValidity)
	claims["client_id"], claims["username"], claims["scope"] = c.ID, f.user.username, userScope
	f.scopeAccess(claims)
	if f.device != "" {
		claims["device_key"] = f.device
	}
	return claims
}

func (p *pool) idClaims(c *Client, f *family) jwt.MapClaims {
	claims := p.commonClaims(c, f, useID, c.IDTokenValidity)
	claims["aud"], claims["cognito:username"] = c.ID, f.user.username
	if roles, preferred := rolesOf(p.groupsOf(f.user)); len(roles) > 0 {
		claims["cognito:roles"] = roles
		if preferred != "" {
			claims["cognito:preferred_role"] = preferred
		}
	}
	for _, a := range f.user.readable(c) {
		if !shows(f.scopes, a.Name) {
			continue
		}
		switch a.Name {
		case attrSub:
		case attrEmailVerified, attrPhoneVerified: // text as an attribute, a bool as a claim
			claims[a.Name] = a.Value == strconv.FormatBool(true)
		case attrIdentities: // JSON as an attribute, the list itself as a claim
			claims[a.Name] = json.RawMessage(a.Value)
		case "address":
			claims[a.Name] = map[string]string{"formatted": a.Value}
		default:
			claims[a.Name] = a.Value
		}
	}
	return claims
}

// sign returns a signed token whose header has the service's two members and no typ.
func (p *pool) sign(claims jwt.MapClaims, key signingKey) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header = map[string]any{"kid": key.id, "alg": "RS256"}
	return token.SignedString(key.private)
}

// TokenOptions modify a token that [Server.Token] returns.
type TokenOptions struct {
	// Use is "access" or "id". The default is "access".
	Use string
	// ClientID is the app client of the token, which need not exist. The default is the first one.
	ClientID string
	// ExpiresIn is the lifetime of the token from now. It is negative for an expired token. The
	// default is the client's.
	ExpiresIn time.Duration
	// Claims are added to the token or replace its claims. A nil value removes the claim.
	Claims map[string]any
	// KeyID replaces the key ID in the header.
	KeyID string
}

// Token returns a token of a user, signed with the pool's key. Use it to test a server. The pool's
// operations accept it, too, as they would accept the token of a sign-in. Token panics if there is
// no such user.
func (s *Server) Token(username string, opts TokenOptions) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pool
	client := Client{}.withDefaults()
	if len(p.cfg.Clients) > 0 {
		client = p.cfg.Clients[0]
	}
	if c, err := p.client(client.ID); err == nil {
		client = *c // as it is now
	}
	if opts.ClientID != "" {
		client.ID = opts.ClientID
	}
	f := &family{originID: newUUID(), eventID: newUUID(), user: p.must(username), client: client.ID, authTime: p.now()}
	p.families[f.originID] = f
	claims, key := p.accessClaims(&client, f), p.keys.access
	switch opts.Use {
	case "", useAccess:
	case useID:
		claims, key = p.idClaims(&client, f), p.keys.id
	default:
		panic(fmt.Sprintf("cognitotest: TokenOptions.Use: want access or id, got %q", opts.Use))
	}
	if opts.ExpiresIn != 0 {
		claims["exp"] = p.now().Add(opts.ExpiresIn).Unix()
	}
	maps.Copy(claims, opts.Claims)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	if opts.KeyID != "" {
		key.id = opts.KeyID
	}
	token, err := p.sign(claims, key)
	if err != nil {
		panic("cognitotest: Token: " + err.Error())
	}
	return token
}

// accessTokenClaims are the claims that the service reads in an access token.
type accessTokenClaims struct {
	jwt.RegisteredClaims

	Use      string `json:"token_use"`
	ClientID string `json:"client_id"`
	Username string `json:"username"`
	Scope    string `json:"scope"`
	OriginID string `json:"origin_jti"`
}

// authorize returns the user and the client of the access token raw, if the service's operations
// accept it.
func (p *pool) authorize(raw string) (*user, *Client, error) {
	u, claims, err := p.readAccessToken(raw)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(strings.Fields(claims.Scope), userScope) {
		return nil, nil, errAccessScope
	}
	c, err := p.client(claims.ClientID)
	return u, c, err
}

// readAccessToken returns the user and the client of the access token raw.
func (p *pool) readAccessToken(raw string) (*user, *accessTokenClaims, error) {
	claims := &accessTokenClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
	token, _, err := parser.ParseUnverified(raw, claims)
	if err != nil {
		return nil, nil, errAccessToken
	}
	keyID, _ := token.Header["kid"].(string)
	key := p.keys.find(keyID)
	if key == nil || claims.Use != useAccess || claims.ExpiresAt == nil {
		return nil, nil, errAccessToken
	}
	keyFunc := func(*jwt.Token) (any, error) { return key, nil }
	if _, err := parser.ParseWithClaims(raw, &accessTokenClaims{}, keyFunc); err != nil {
		return nil, nil, errAccessSignature
	}
	if !p.now().Before(claims.ExpiresAt.Time) {
		return nil, nil, errAccessExpired
	}
	if claims.Username == "" && claims.Subject == claims.ClientID {
		return nil, nil, errAccessScope // a machine's
	}
	u := p.bySub(claims.Subject)
	if u == nil {
		return nil, nil, errUserNotFound
	}
	f := p.families[claims.OriginID]
	switch {
	case f != nil && f.revoked, claims.IssuedAt != nil && f == nil && !u.signedOut.IsZero() &&
		!claims.IssuedAt.After(u.signedOut):
		return nil, nil, errAccessRevoked
	case u.disabled:
		return nil, nil, errDisabled
	default:
		return u, claims, nil
	}
}

// originOf returns the ID of the sign-in that a valid access token comes from, or "".
func originOf(raw string) string {
	claims := &accessTokenClaims{}
	if _, _, err := jwt.NewParser(jwt.WithoutClaimsValidation()).ParseUnverified(raw, claims); err != nil {
		return ""
	}
	return claims.OriginID
}

func (p *pool) startRefresh(r *authRequest) (authOutput, error) {
	c, params := r.client, r.params
	if err := required(params, paramRefreshToken); err != nil {
		return authOutput{}, err
	}
	if c.RefreshTokenRotation {
		return authOutput{}, errFlowGate("REFRESH_TOKEN_AUTH")
	}
	token, err := p.checkRefresh(c, params[paramRefreshToken], params[paramDeviceKey])
	if err != nil {
		return authOutput{}, err
	}
	// The hash is over the user's own name; an alias never fits.
	mismatch := "SecretHash does not match for the client: " + c.ID
	if err := checkHash(c, token.family.user.username, params[paramSecretHash], mismatch); err != nil {
		return authOutput{}, err
	}
	token.family.metadata = r.metadata
	result, err := p.issue(c, token.family, refreshSource)
	return authOutput{ChallengeParameters: map[string]string{}, AuthenticationResult: result}, err
}

type getTokensInput struct {
	ClientID       string `json:"ClientId"`
	ClientSecret   string
	RefreshToken   string
	DeviceKey      string
	ClientMetadata map[string]string
}

type getTokensOutput struct{ AuthenticationResult *authResult }

func (p *pool) getTokensFromRefreshToken(in *getTokensInput) (getTokensOutput, error) {
	c, err := p.client(in.ClientID)
	if err != nil {
		return getTokensOutput{}, err
	}
	if !c.accepts(in.ClientSecret) {
		return getTokensOutput{}, notAuthorized("Unable to verify secret for client " + c.ID)
	}
	token, err := p.checkRefresh(c, in.RefreshToken, in.DeviceKey)
	if err != nil {
		return getTokensOutput{}, err
	}
	token.family.metadata = in.ClientMetadata
	result, err := p.renew(c, token)
	return getTokensOutput{result}, err
}

// renew issues new tokens for a valid refresh token, including a new refresh token if they rotate.
func (p *pool) renew(c *Client, token *refreshable) (*authResult, error) {
	result, err := p.issue(c, token.family, refreshSource)
	if err == nil && c.RefreshTokenRotation {
		if token.rotated.IsZero() {
			token.rotated = p.now()
		}
		result.RefreshToken = p.newRefreshToken(token.family)
	}
	return result, err
}

// refreshSource is the trigger source of PreTokenGeneration for a refresh.
const refreshSource = "TokenGeneration_RefreshTokens"

// checkRefresh returns a refresh token that is valid for a client, on the device it was issued to.
func (p *pool) checkRefresh(c *Client, raw, deviceKey string) (*refreshable, error) {
	token := p.refresh[raw]
	if token == nil || token.family.client != c.ID {
		return nil, errRefreshToken
	}
	f := token.family
	switch {
	case f.revoked:
		return nil, errRefreshRevoked
	case p.now().After(f.expires):
		return nil, errRefreshExpired
	case !token.rotated.IsZero() && p.now().Sub(token.rotated) >= c.RefreshTokenGracePeriod:
		return nil, errRefreshReused
	case p.bySub(f.user.sub) == nil:
		return nil, errUserNotFound
	case f.user.disabled:
		return nil, errDisabled
	case f.device != "" && (deviceKey != f.device || f.user.device(deviceKey) == nil):
		return nil, errRefreshToken
	default:
		return token, nil
	}
}

type revokeInput struct {
	ClientID     string `json:"ClientId"`
	ClientSecret string
	Token        string
}

func (p *pool) revokeToken(in *revokeInput) (empty, error) {
	c, err := p.client(in.ClientID)
	if err != nil {
		return empty{}, err
	}
	token := p.refresh[in.Token]
	switch {
	case c.DisableTokenRevocation:
		return empty{}, errRevocationOff
	case !c.accepts(in.ClientSecret):
		return empty{}, errUnauthorizedClient
	case token == nil:
		return empty{}, errTokenKind
	case token.family.client != c.ID:
		return empty{}, errUnauthorizedClient
	}
	token.family.revoked = true
	return empty{}, nil
}

func (p *pool) globalSignOut(in *accessTokenInput) (empty, error) {
	u, _, err := p.authorize(in.AccessToken)
	if err != nil {
		return empty{}, err
	}
	p.signOut(u)
	return empty{}, nil
}

// signOut ends all sessions of a user.
func (p *pool) signOut(u *user) {
	u.signedOut = p.now()
	for _, f := range p.families {
		if f.user == u {
			f.revoked = true
		}
	}
}
