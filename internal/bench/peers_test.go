package bench

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwxjwt "github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/gocognito/cognito"
)

const (
	poolID   = "eu-west-1_aBcDeFgHi"
	clientID = "3n4b5urk1ft4fl3mg5e62d9ado"
	issuer   = "https://cognito-idp.eu-west-1.amazonaws.com/" + poolID
	keyID    = "MItF1ISVAKuX1Uyn2/blkYhF5UaJMnBenhUGs1cCzuU="
)

// Tokens of the shape that a pool issues.
const accessClaims = `{"sub":"4320de44-5091-70a7-2b3c-3a1f6c5f0b7e","cognito:groups":["readers","writers"],"iss":%q,"client_id":%q,` +
	`"origin_jti":"a2c2c1d0-3a5d-4d63-9a4b-7f5e7f0a1b2c","event_id":"5e1f1d9a-0f2b-4c8e-9a9e-8a7b6c5d4e3f","token_use":"access",` +
	`"scope":"aws.cognito.signin.user.admin","auth_time":%d,"exp":%d,"iat":%d,"jti":"%d","username":"bob"}`

const idClaims = `{"sub":"4320de44-5091-70a7-2b3c-3a1f6c5f0b7e","cognito:groups":["readers","writers"],"email_verified":true,"iss":%q,` +
	`"cognito:username":"bob","origin_jti":"a2c2c1d0-3a5d-4d63-9a4b-7f5e7f0a1b2c","aud":%q,"event_id":"5e1f1d9a-0f2b-4c8e-9a9e-8a7b6c5d4e3f",` +
	`"token_use":"id","auth_time":%d,"exp":%d,"iat":%d,"jti":"%d","email":"bob@example.com"}`

// pool is a key, its set and tokens.
type pool struct {
	key        *rsa.PrivateKey
	set        []byte
	access, id []string
}

func newPool(tb testing.TB, n int) *pool {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(tb, err)
	p := &pool{key: key}
	p.set, err = json.Marshal(map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID,
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}}})
	check(tb, err)
	now := time.Now().Unix()
	for i := range n {
		p.access = append(p.access, p.sign(tb, fmt.Sprintf(accessClaims, issuer, clientID, now, now+3600, now, i)))
		p.id = append(p.id, p.sign(tb, fmt.Sprintf(idClaims, issuer, clientID, now, now+3600, now, i)))
	}
	return p
}

func (p *pool) sign(tb testing.TB, payload string) string {
	tb.Helper()
	header := fmt.Sprintf(`{"kid":%q,"alg":"RS256"}`, keyID)
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, p.key, crypto.SHA256, sum[:])
	check(tb, err)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// peer verifies a token: signature, issuer, expiry, use and app client, and decodes the claims.
type peer struct {
	name       string
	access, id func(raw string) error
}

func peers(tb testing.TB, p *pool) []peer {
	tb.Helper()
	return []peer{
		bare(p), own(tb, p, "cognito"), own(tb, p, "cognito, cached", cognito.WithTokenCache(10_000)),
		golangJWT(tb, p, "golang-jwt, keyfunc", func() handClaims { return &claims{} }),
		golangJWT(tb, p, "golang-jwt, keyfunc, all", func() handClaims { return &allClaims{} }),
		goOIDC(tb, p), jwx(tb, p),
	}
}

// bare is the signature alone, which no verifier can go without.
func bare(p *pool) peer {
	sum := sha256.Sum256([]byte("token"))
	signature, err := rsa.SignPKCS1v15(nil, p.key, crypto.SHA256, sum[:])
	verify := func(string) error {
		return errors.Join(err, rsa.VerifyPKCS1v15(&p.key.PublicKey, crypto.SHA256, sum[:], signature))
	}
	return peer{"RSA alone", verify, verify}
}

func own(tb testing.TB, p *pool, name string, opts ...cognito.VerifierOption) peer {
	tb.Helper()
	v, err := cognito.NewVerifier(poolID, []string{clientID}, append(opts, cognito.WithJWKS(p.set))...)
	check(tb, err)
	ctx := context.Background()
	return peer{
		name,
		func(raw string) error { _, err := v.VerifyAccessToken(ctx, raw); return err },
		func(raw string) error { _, err := v.VerifyIDToken(ctx, raw); return err },
	}
}

// claims are what a caller of golang-jwt writes for both tokens.
type claims struct {
	jwt.RegisteredClaims

	TokenUse   string   `json:"token_use"`
	ClientID   string   `json:"client_id"`
	Username   string   `json:"username"`
	IDUsername string   `json:"cognito:username"`
	Scope      string   `json:"scope"`
	Groups     []string `json:"cognito:groups"`
	AuthTime   int64    `json:"auth_time"`
	OriginJTI  string   `json:"origin_jti"`
	EventID    string   `json:"event_id"`
	Email      string   `json:"email"`
}

func (c *claims) common() *claims { return c }

// handClaims are the claims into which a peer of golang-jwt decodes.
type handClaims interface {
	jwt.Claims
	common() *claims
}

// allClaims also holds every claim by its name, with numbers as [json.Number], as the claims of
// package cognito do.
type allClaims struct {
	claims

	All map[string]any
}

// UnmarshalJSON decodes data into the struct and into All.
func (c *allClaims) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &c.claims); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(&c.All)
}

// golangJWT decodes into the claims that newClaims returns.
func golangJWT(tb testing.TB, p *pool, name string, newClaims func() handClaims) peer {
	tb.Helper()
	keys, err := keyfunc.NewJWKSetJSON(p.set)
	check(tb, err)
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(issuer), jwt.WithExpirationRequired(), jwt.WithLeeway(time.Minute))
	verify := func(raw, use string) error {
		decoded := newClaims()
		if _, err := parser.ParseWithClaims(raw, decoded, keys.Keyfunc); err != nil {
			return err
		}
		c := decoded.common()
		client := c.ClientID
		if use == "id" && len(c.Audience) == 1 {
			client = c.Audience[0]
		}
		if c.TokenUse != use || client != clientID {
			return errors.New("another use or client")
		}
		return nil
	}
	return peer{name, func(raw string) error { return verify(raw, "access") }, func(raw string) error { return verify(raw, "id") }}
}

func goOIDC(tb testing.TB, p *pool) peer {
	tb.Helper()
	ctx := context.Background()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(p.set) }))
	tb.Cleanup(srv.Close)
	keys := oidc.NewRemoteKeySet(ctx, srv.URL)
	forAccess := oidc.NewVerifier(issuer, keys, &oidc.Config{SkipClientIDCheck: true})
	forID := oidc.NewVerifier(issuer, keys, &oidc.Config{ClientID: clientID})
	verify := func(v *oidc.IDTokenVerifier, raw, use string) error {
		t, err := v.Verify(ctx, raw)
		if err != nil {
			return err
		}
		var c claims
		if err := t.Claims(&c); err != nil {
			return err
		}
		if c.TokenUse != use || use == "access" && c.ClientID != clientID {
			return errors.New("another use or client")
		}
		return nil
	}
	return peer{"go-oidc", func(raw string) error { return verify(forAccess, raw, "access") }, func(raw string) error { return verify(forID, raw, "id") }}
}

func jwx(tb testing.TB, p *pool) peer {
	tb.Helper()
	set, err := jwk.Parse(p.set)
	check(tb, err)
	_, ok := set.LookupKeyID(keyID)
	if !ok {
		tb.Fatal("no key")
	}
	verify := func(raw, use, claim string, opts ...jwxjwt.ParseOption) error {
		t, err := jwxjwt.ParseString(raw, append(opts, jwxjwt.WithKeySet(set), jwxjwt.WithIssuer(issuer), jwxjwt.WithAcceptableSkew(time.Minute))...)
		if err != nil {
			return err
		}
		var got, client string
		if err := t.Get("token_use", &got); err != nil || got != use {
			return errors.Join(err, errors.New("another use"))
		}
		if claim != "" {
			if err := t.Get(claim, &client); err != nil || client != clientID {
				return errors.Join(err, errors.New("another client"))
			}
		}
		return nil
	}
	return peer{
		"lestrrat jwx", func(raw string) error { return verify(raw, "access", "client_id") },
		func(raw string) error { return verify(raw, "id", "", jwxjwt.WithAudience(clientID)) },
	}
}

// Each peer must take good tokens and reject bad ones, or the comparison is of different things.
func TestPeersDoTheSame(t *testing.T) {
	p := newPool(t, 1)
	for _, peer := range peers(t, p) {
		check(t, peer.access(p.access[0]))
		check(t, peer.id(p.id[0]))
		if peer.name == "RSA alone" {
			continue
		}
		now := time.Now().Unix()
		bad := []string{
			p.sign(t, fmt.Sprintf(accessClaims, issuer, clientID, now, now-3600, now, 1)), p.sign(t, fmt.Sprintf(accessClaims, issuer, "x", now, now+3600, now, 1)),
			p.sign(t, fmt.Sprintf(accessClaims, issuer+"x", clientID, now, now+3600, now, 1)), p.id[0], strings.ToUpper(p.access[0]),
			string(bytes.Replace([]byte(p.access[0]), []byte("."), []byte(".e"), 1)),
		}
		for i, raw := range bad {
			if peer.access(raw) == nil {
				t.Errorf("%s takes bad token %d", peer.name, i)
			}
		}
	}
}

// The peer that decodes every claim gets the same ones as this package.
func TestAllClaimsAreTheSame(t *testing.T) {
	p := newPool(t, 1)
	v, err := cognito.NewVerifier(poolID, []string{clientID}, cognito.WithJWKS(p.set))
	check(t, err)
	want, err := v.VerifyIDToken(t.Context(), p.id[0])
	check(t, err)
	var got allClaims
	_, _, err = jwt.NewParser().ParseUnverified(p.id[0], &got)
	check(t, err)
	if len(want.All) == 0 || !reflect.DeepEqual(got.All, want.All) || got.Email != want.Email {
		t.Errorf("got %v, want %v", got.All, want.All)
	}
}

func BenchmarkPeers(b *testing.B) {
	p := newPool(b, 256)
	for _, peer := range peers(b, p) {
		for _, use := range []struct {
			name   string
			verify func(string) error
			tokens []string
		}{{"access", peer.access, p.access}, {"id", peer.id, p.id}} {
			b.Run(peer.name+"/"+use.name, func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					check(b, use.verify(use.tokens[i%len(use.tokens)]))
				}
			})
		}
	}
}

// BenchmarkPeersRatios takes the peers by turns and reports the ratios of their best times to that
// of the bare signature, which the load of the machine hardly changes.
func BenchmarkPeersRatios(b *testing.B) {
	const batch = 20
	p := newPool(b, 256)
	all := peers(b, p)
	best := map[string]time.Duration{}
	turn := 0
	measure := func(name string, verify func(string) error, tokens []string) {
		start := time.Now()
		for i := range batch {
			check(b, verify(tokens[(turn+i)%len(tokens)]))
		}
		if took := time.Since(start) / batch; best[name] == 0 || took < best[name] {
			best[name] = took
		}
	}
	for b.Loop() {
		turn += batch
		for _, peer := range all {
			measure(peer.name+"/access", peer.access, p.access)
			measure(peer.name+"/id", peer.id, p.id)
		}
	}
	alone := float64(best["RSA alone/access"])
	for name, took := range best {
		b.ReportMetric(float64(took)/alone, strings.NewReplacer(" ", "-", ",", "").Replace(name)+"/RSA")
	}
	b.ReportMetric(alone, "RSA-ns")
}
