package cognitotest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// userScope is the one scope of tokens that come from the service's own sign-in.
const userScope = "aws.cognito.signin.user.admin"

// The uses of tokens, as the claim token_use names them.
const (
	useAccess = "access"
	useID     = "id"
)

// family is all tokens of one sign-in.
type family struct {
	originID string
	eventID  string
	user     *user
	client   string
	authTime time.Time
	expires  time.Time // of the refresh tokens; a rotation does not move it
	revoked  bool
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
	IDToken      string `json:"IdToken"`
}

// signIn issues the tokens of a new sign-in.
func (p *pool) signIn(c *Client, u *user) (authOutput, error) {
	f := &family{
		originID: newUUID(), eventID: newUUID(), user: u, client: c.ID,
		authTime: p.now(), expires: p.now().Add(c.RefreshTokenValidity),
	}
	p.families[f.originID] = f
	result, err := p.issue(c, f)
	if err != nil {
		return authOutput{}, err
	}
	result.RefreshToken = p.newRefreshToken(f)
	return authOutput{ChallengeParameters: map[string]string{}, AuthenticationResult: result}, nil
}

// newRefreshToken makes a refresh token: opaque, in the look of the service's.
func (p *pool) newRefreshToken(f *family) string {
	const header = "eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ" // {"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}
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

// issue signs an ID and an access token.
func (p *pool) issue(c *Client, f *family) (*authResult, error) {
	access, err := p.sign(p.accessClaims(c, f), p.keys.access)
	if err != nil {
		return nil, err
	}
	id, err := p.sign(p.idClaims(c, f), p.keys.id)
	if err != nil {
		return nil, err
	}
	return &authResult{AccessToken: access, IDToken: id, ExpiresIn: int(c.AccessTokenValidity / time.Second), TokenType: "Bearer"}, nil
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
	return claims
}

func (p *pool) accessClaims(c *Client, f *family) jwt.MapClaims {
	claims := p.commonClaims(c, f, useAccess, c.AccessTokenValidity)
	claims["client_id"], claims["username"], claims["scope"] = c.ID, f.user.username, userScope
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
		switch a.Name {
		case attrSub:
		case attrEmailVerified, attrPhoneVerified: // text as an attribute, a bool as a claim
			claims[a.Name] = a.Value == strconv.FormatBool(true)
		case "address":
			claims[a.Name] = map[string]string{"formatted": a.Value}
		default:
			claims[a.Name] = a.Value
		}
	}
	return claims
}

// sign makes a token whose header has the service's two members and no typ.
func (p *pool) sign(claims jwt.MapClaims, key signingKey) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header = map[string]any{"kid": key.id, "alg": "RS256"}
	return token.SignedString(key.private)
}

// TokenOptions change a token that [Server.Token] makes.
type TokenOptions struct {
	// Use is "access" or "id". If empty, it is "access".
	Use string
	// ClientID is the app client that it is for, which the pool need not have. If empty, it is the first one.
	ClientID string
	// ExpiresIn is its lifetime from now; a negative one makes an expired token. If zero, it is the client's.
	ExpiresIn time.Duration
	// Claims are set in the token whatever they were; a nil value removes the claim.
	Claims map[string]any
	// KeyID is put into the header in place of the key's own.
	KeyID string
}

// Token returns a token of a user's, signed with the pool's key, for testing a server. It panics when there is
// no such user.
func (s *Server) Token(username string, opts TokenOptions) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pool
	client := p.cfg.Clients[0]
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

// accessTokenClaims is what the service reads in an access token.
type accessTokenClaims struct {
	jwt.RegisteredClaims

	Use      string `json:"token_use"`
	ClientID string `json:"client_id"`
	Username string `json:"username"`
	Scope    string `json:"scope"`
	OriginID string `json:"origin_jti"`
}

// authorize finds whose access token raw is, and whose client's.
func (p *pool) authorize(raw string) (*user, *Client, error) {
	v := &validation{}
	v.length("accessToken", raw, 1, 1<<17)
	if err := v.err(); err != nil {
		return nil, nil, err
	}
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
	if _, err := parser.ParseWithClaims(raw, &accessTokenClaims{}, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
		return nil, nil, errAccessSignature
	}
	if !p.now().Before(claims.ExpiresAt.Time) {
		return nil, nil, errAccessExpired
	}
	u := p.bySub(claims.Subject)
	if u == nil {
		return nil, nil, errUserNotFound
	}
	f := p.families[claims.OriginID]
	switch {
	case f != nil && f.revoked, claims.IssuedAt != nil && f == nil && !u.signedOut.IsZero() && !claims.IssuedAt.After(u.signedOut):
		return nil, nil, errAccessRevoked
	case u.disabled:
		return nil, nil, errDisabled
	case !slices.Contains(strings.Fields(claims.Scope), userScope):
		return nil, nil, errAccessScope
	}
	c, err := p.client(claims.ClientID)
	return u, c, err
}
