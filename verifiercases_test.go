package cognito_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

// A verifierCase is a row of the conformance checklist that was drawn up from the tests and the
// behaviour of AWS's own verifier, aws-jwt-verify: what a verifier must do with a token. The
// numbers are those of the checklist. Cases that need more than one token and one answer are in
// TestVerifierBehaviour; rows where this package differs say why.
type verifierCase struct {
	number int
	name   string
	raw    string
	use    cognito.TokenUse // "": access
	opts   []cognito.VerifierOption
	want   error // nil: accepted
}

func with(opts ...cognito.VerifierOption) []cognito.VerifierOption { return opts }

func claim(name string, value any) map[string]any { return map[string]any{name: value} }

func parsingCases() []verifierCase {
	f, good := forgers()[0], forged(nil)
	header, body, signature := splitToken(good)
	bad := jwt.ErrTokenMalformed
	cases := []verifierCase{
		{1, "empty", "", "", nil, bad},
		{2, "two parts", header + "." + body, "", nil, bad},
		{2, "four parts", good + ".x", "", nil, bad},
		{2, "one part", "x", "", nil, bad},
		{3, "leading space", " " + good, "", nil, bad},
		{3, "trailing newline", good + "\n", "", nil, bad},
		{3, "a newline in the payload", header + "." + body[:8] + "\n" + body[8:] + "." + signature, "", nil, bad},
		{3, "Bearer before it", "Bearer " + good, "", nil, bad},
		{4, "+ in a segment", header + "." + body + "." + "+" + signature[1:], "", nil, bad},
		{4, "/ in a segment", header + "." + body + "." + "/" + signature[1:], "", nil, bad},
		// 5: padding is for load balancers' tokens, which are another format; a pool's have none.
		{5, "padding", good + "==", "", nil, bad},
		{5, "bits left over", header + "." + body + "." + signature[:len(signature)-1] + "_", "", nil, bad},
		{6, "header that is not JSON", f.sign("x", access(nil)), "", nil, bad},
		{6, "header that is an array", f.sign("[]", access(nil)), "", nil, bad},
		{6, "header with something after it", f.sign(f.header()+"{}", access(nil)), "", nil, bad},
		{7, "payload that is not JSON", f.sign(f.header(), "x"), "", nil, bad},
		{7, "payload that is an array", f.sign(f.header(), "[]"), "", nil, bad},
		{7, "payload that is null", f.sign(f.header(), "null"), "", nil, bad},
		{7, "payload that is empty", f.sign(f.header(), ""), "", nil, bad},
		{8, "alg that is no text", f.sign(`{"kid":"one","alg":1}`, access(nil)), "", nil, bad},
		{9, "kid that is no text", f.sign(`{"kid":1,"alg":"RS256"}`, access(nil)), "", nil, bad},
		{11, "aud that is a number", forged(claim("aud", 1)), "", nil, bad},
		{11, "aud with a number in it", forged(claim("aud", []any{"x", 1})), "", nil, bad},
		{13, "exp beyond all bounds", f.sign(f.header(), strings.Replace(access(claim("exp", 1)), `"exp":1`, `"exp":1e400`, 1)), "", nil, bad},
		{13, "exp in the year 10^12", f.sign(f.header(), strings.Replace(access(claim("exp", 1)), `"exp":1`, `"exp":1e30`, 1)), "", nil, bad},
		{14, "exp with a fraction", forged(claim("exp", float64(testTime.Unix())+0.5)), "", nil, nil},
		{14, "exp with a fraction, just past", forged(claim("exp", float64(testTime.Unix())-0.5)), "", nil, jwt.ErrTokenExpired},
		{15, "names and values that are not ASCII", forged(map[string]any{"名前": "ボブ", "username": "Zoë \"Z\""}), "", nil, nil},
		// 16: JavaScript's __proto__ is a name like others here. A known claim that is there twice
		// is refused.
		{16, "__proto__", forged(claim("__proto__", map[string]any{"token_use": "id"})), "", nil, nil},
		{16, "a claim twice", f.sign(f.header(), `{"exp":99999999999,`+access(nil)[1:]), "", nil, bad},
		{16, "a claim in other case", f.sign(f.header(), `{"EXP":1,"Token_Use":"id",`+access(nil)[1:]), "", nil, nil},
		{17, "no signature", header + "." + body + ".", "", nil, jwt.ErrTokenSignatureInvalid},
		{17, "no header", "." + body + "." + signature, "", nil, bad},
	}
	for _, name := range []string{"iss", "sub", "jti", "scope", "client_id", "username", "token_use"} {
		cases = append(cases, verifierCase{10, name + " that is no text", forged(claim(name, 1)), "", nil, bad})
	}
	for _, name := range []string{"exp", "nbf", "iat", "auth_time"} {
		cases = append(cases, verifierCase{12, name + " that is text", forged(claim(name, "1")), "", nil, bad},
			verifierCase{12, name + " that is null", f.sign(f.header(), withNull(name)), "", nil, bad})
	}
	return cases
}

// withNull is the payload of an access token in which a claim is null.
func withNull(name string) string {
	return fmt.Sprintf(`{%q:null,`, name) + access(claim(name, nil))[1:]
}

func keyCases() []verifierCase {
	one, two := forgers()[0], forgers()[1]
	keys := func(members ...map[string]any) []cognito.VerifierOption {
		return with(cognito.WithJWKS(keySetJSON(members...)))
	}
	bad := jwt.ErrTokenSignatureInvalid
	rest := access(nil)
	return []verifierCase{
		{18, "kid in the set", forged(nil), "", nil, nil},
		{18, "the other kid", two.sign(two.header(), rest), "", nil, nil},
		{19, "no kid", one.sign(`{"alg":"RS256"}`, rest), "", nil, cognito.ErrUnknownKey},
		{20, "empty kid", one.sign(`{"alg":"RS256","kid":""}`, rest), "", nil, cognito.ErrUnknownKey}, // as if there were none
		{21, "kid not in the set", one.sign(`{"alg":"RS256","kid":"three"}`, rest), "", nil, cognito.ErrUnknownKey},
		{22, "kid of the pool's other key", one.sign(two.header(), rest), "", nil, bad},
		{23, "keys of other kinds beside it", forged(nil), "", keys(
			one.jwk(map[string]any{"kid": "ps", "alg": "PS256"}), map[string]any{"kty": "EC"}, map[string]any{"kty": "PQC", "kid": "x"}, one.jwk(nil),
		), nil},
		{24, "two keys with one kid, the first fits", forged(nil), "", keys(one.jwk(nil), two.jwk(claim("kid", "one"))), nil},
		{24, "two keys with one kid, the second fits", forged(nil), "", keys(two.jwk(claim("kid", "one")), one.jwk(nil)), bad},
		{25, "key for encryption", forged(nil), "", keys(one.jwk(claim("use", "enc"))), bad},
		{26, "key without use", forged(nil), "", keys(one.jwk(claim("use", nil))), nil},
		{27, "key of an unknown kind", forged(nil), "", keys(one.jwk(claim("kty", "X")), two.jwk(nil)), cognito.ErrUnknownKey},
		{30, "key without alg", forged(nil), "", keys(one.jwk(claim("alg", nil))), nil},
		// 31: the header's algorithm must be RS256, whatever the key says.
		{31, "key without alg, header ES256", one.sign(`{"kid":"one","alg":"ES256"}`, rest), "", keys(one.jwk(claim("alg", nil))), bad},
		// 32: a pool signs with RS256 only, so the others are refused.
		{32, "RS384", one.sign(`{"kid":"one","alg":"RS384"}`, rest), "", nil, bad},
		{32, "RS512", one.sign(`{"kid":"one","alg":"RS512"}`, rest), "", nil, bad},
		// 33: the same, for the algorithms of other issuers.
		{33, "ES256", one.sign(`{"kid":"one","alg":"ES256"}`, rest), "", nil, bad},
		{33, "EdDSA", one.sign(`{"kid":"one","alg":"EdDSA"}`, rest), "", nil, bad},
		{34, "header's alg is not the key's", forged(nil), "", keys(one.jwk(claim("alg", "RS384"))), bad},
		{35, "no alg", one.sign(`{"kid":"one"}`, rest), "", nil, jwt.ErrTokenUnverifiable},
		{36, "alg none", encodeHeader(`{"kid":"one","alg":"none"}`) + "." + encode([]byte(rest)) + ".", "", nil, bad},
		{37, "HS256 keyed with the public key", macToken(one, rest), "", nil, bad},
		{38, "PS256", one.sign(`{"kid":"one","alg":"PS256"}`, rest), "", nil, bad},
		{38, "rs256", one.sign(`{"kid":"one","alg":"rs256"}`, rest), "", nil, bad},
		{39, "payload changed", changedToken("bob", "eve"), "", nil, bad},
		{39, "signature changed", forged(nil)[:len(forged(nil))-8] + "AAAAAAAA"[:7] + "A", "", nil, bad},
		{40, "signature before claims", changedToken(testClient, "x"), "", nil, bad},
		{40, "critical extension", one.sign(`{"kid":"one","alg":"RS256","crit":["b64"],"b64":false}`, rest), "", nil, jwt.ErrTokenUnverifiable},
	}
}

func macToken(f forger, payload string) string {
	signed := encodeHeader(`{"kid":"one","alg":"HS256"}`) + "." + encode([]byte(payload))
	mac := hmac.New(sha256.New, f.key.N.Bytes())
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}

func changedToken(from, to string) string {
	header, body, signature := splitToken(forged(nil))
	return header + "." + changed(body, from, to) + "." + signature
}

func claimCases() []verifierCase {
	at := func(offset time.Duration) int64 { return testTime.Add(offset).Unix() }
	leeway := with(cognito.WithLeeway(time.Minute))
	groups := func(names ...string) []cognito.VerifierOption { return with(cognito.WithGroups(names...)) }
	scopes := func(names ...string) []cognito.VerifierOption { return with(cognito.WithScopes(names...)) }
	id := cognito.IDToken
	return []verifierCase{
		{41, "expired", forged(claim("exp", at(-time.Second))), "", nil, jwt.ErrTokenExpired},
		{42, "expires at this very moment", forged(claim("exp", at(0))), "", nil, nil},
		{43, "no exp", forged(claim("exp", nil)), "", nil, jwt.ErrTokenRequiredClaimMissing}, // it would be good for ever
		{44, "expired within the leeway", forged(claim("exp", at(-time.Minute))), "", leeway, nil},
		{44, "expired beyond the leeway", forged(claim("exp", at(-61*time.Second))), "", leeway, jwt.ErrTokenExpired},
		{45, "not yet", forged(claim("nbf", at(time.Second))), "", nil, jwt.ErrTokenNotValidYet},
		{45, "not yet, within the leeway", forged(claim("nbf", at(time.Minute))), "", leeway, nil},
		{45, "not yet, beyond the leeway", forged(claim("nbf", at(61*time.Second))), "", leeway, jwt.ErrTokenNotValidYet},
		{46, "issued in the future", forged(claim("iat", at(time.Hour))), "", nil, nil},
		{47, "the original issuer", forged(nil), "", nil, nil},
		{48, "the updated issuer", forged(claim("iss", "https://issuer-cognito-idp.eu-west-1.amazonaws.com/"+testPool)), "", nil, nil},
		{49, "another pool", forged(claim("iss", testIssuer+"x")), "", nil, cognito.ErrTokenIssuer},
		{49, "a slash at the end", forged(claim("iss", testIssuer+"/")), "", nil, cognito.ErrTokenIssuer},
		{49, "http", forged(claim("iss", "http"+testIssuer[5:])), "", nil, cognito.ErrTokenIssuer},
		{49, "a longer host", forged(claim("iss", "https://cognito-idp.eu-west-1.amazonaws.com.evil.com/"+testPool)), "", nil, cognito.ErrTokenIssuer},
		{49, "another region", forged(claim("iss", "https://cognito-idp.eu-west-2.amazonaws.com/"+testPool)), "", nil, cognito.ErrTokenIssuer},
		{50, "no issuer", forged(claim("iss", nil)), "", nil, cognito.ErrTokenIssuer},
		{52, "no token_use", forged(claim("token_use", nil)), "", nil, cognito.ErrTokenUse},
		{53, "ID token for access", idToken(nil), "", nil, cognito.ErrTokenUse},
		{53, "access token for ID", forged(nil), id, nil, cognito.ErrTokenUse},
		{55, "client_id is compared", forged(claim("client_id", "other")), "", nil, cognito.ErrTokenClient},
		{55, "aud of an access token is not", forged(claim("aud", "https://api.example.com")), "", nil, nil},
		{55, "aud instead of client_id", forged(map[string]any{"client_id": nil, "aud": testClient}), "", nil, cognito.ErrTokenClient},
		{56, "aud of an ID token is compared", idToken(claim("aud", "other")), id, nil, cognito.ErrTokenClient},
		{56, "client_id of an ID token is not", idToken(claim("client_id", "other")), id, nil, nil},
		{56, "no aud", idToken(map[string]any{"aud": nil, "client_id": testClient}), id, nil, cognito.ErrTokenClient},
		{57, "aud of an ID token is an array", idToken(claim("aud", []string{testClient})), id, nil, cognito.ErrTokenClient},
		{57, "aud of an ID token is two", idToken(claim("aud", []string{testClient, "other"})), id, nil, cognito.ErrTokenClient},
		{60, "one of the groups", forged(nil), "", groups("admins", "writers"), nil},
		{60, "none of the groups", forged(nil), "", groups("admins"), cognito.ErrNotInGroup},
		{60, "no groups", forged(claim("cognito:groups", nil)), "", groups("readers"), cognito.ErrNotInGroup},
		{60, "groups in other case", forged(nil), "", groups("Readers"), cognito.ErrNotInGroup},
		{60, "groups of an ID token", idToken(nil), id, groups("readers"), nil},
		{61, "groups that are one text", forged(claim("cognito:groups", "readers")), "", groups("readers"), nil},
		{62, "groups with a number in them", forged(claim("cognito:groups", []any{"readers", 1})), "", groups("readers"), jwt.ErrTokenMalformed},
		{64, "one of the scopes", forged(nil), "", scopes("x", "b"), nil},
		{64, "none of the scopes", forged(nil), "", scopes("c", "a b"), cognito.ErrInsufficientScope},
		{64, "no scope", forged(claim("scope", nil)), "", scopes("a"), cognito.ErrInsufficientScope},
		{64, "double spaces", forged(claim("scope", "a  b")), "", scopes("b"), nil},
		{64, "ID tokens have no scope", idToken(claim("scope", "a")), id, scopes("a"), cognito.ErrInsufficientScope},
		// 65: an audience of the caller's own choice is not offered: a pool's tokens name the app
		// client.
		{65, "a list in an access token", forged(claim("aud", []string{"x", "y"})), "", nil, nil},
	}
}

func TestVerifierCases(t *testing.T) {
	t.Parallel()
	for _, tt := range append(append(parsingCases(), keyCases()...), claimCases()...) {
		t.Run(fmt.Sprintf("%d %s", tt.number, tt.name), func(t *testing.T) {
			t.Parallel()
			use := tt.use
			if use == "" {
				use = cognito.AccessToken
			}
			// With a cache the answer must be the same, the second time too.
			for _, opts := range [][]cognito.VerifierOption{tt.opts, append(with(cognito.WithTokenCache(10)), tt.opts...)} {
				v := newTestVerifier(t, opts...)
				for range 2 {
					checkCase(t, v, tt.raw, use, tt.want)
				}
			}
		})
	}
}

func checkCase(t *testing.T, v *cognito.Verifier, raw string, use cognito.TokenUse, want error) {
	t.Helper()
	claims := map[string]any{}
	err := v.VerifyInto(t.Context(), raw, use, &claims)
	if want == nil {
		require.NoError(t, err)
		assert.Equal(t, string(use), claims["token_use"])
		return
	}
	require.ErrorIs(t, err, want)
	var refused *cognito.TokenError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, use, refused.Use)
	assert.Empty(t, claims)
	require.NotErrorIs(t, err, cognito.ErrKeysUnavailable, "the token is bad, the pool is not away")
	// 70: no error ever holds a token.
	if _, signature, ok := strings.Cut(raw, "."); ok && len(signature) > 50 {
		assert.NotContains(t, err.Error(), signature[len(signature)-50:])
	}
	assert.Less(t, len(err.Error()), 500)
}

// 28, 29: a key that cannot be used is passed over, and the rest of the set serves.
func TestUnusableKeysArePassedOver(t *testing.T) {
	t.Parallel()
	f := forgers()[0]
	ec := map[string]any{"kty": "EC", "kid": "ec", "crv": "P-256", "x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))}
	okp := map[string]any{"kty": "OKP", "kid": "okp", "crv": "Ed25519", "x": encode(make([]byte, 32))}
	without := func(key map[string]any, name string) map[string]any {
		less := map[string]any{}
		for member, value := range key {
			if member != name {
				less[member] = value
			}
		}
		return less
	}
	for name, key := range map[string]map[string]any{
		"28 RSA without n": f.jwk(map[string]any{"kid": "x", "n": nil}), "28 RSA without e": f.jwk(map[string]any{"kid": "x", "e": nil}),
		"29 EC without x": without(ec, "x"), "29 EC without y": without(ec, "y"), "29 EC without crv": without(ec, "crv"),
		"29 OKP without x": without(okp, "x"), "29 OKP without crv": without(okp, "crv"),
		"oct":                    {"kty": "oct", "kid": "x", "k": encode(make([]byte, 32))},
		"unknown kty":            f.jwk(map[string]any{"kid": "x", "kty": "PQC"}),
		"unknown use":            f.jwk(map[string]any{"kid": "x", "use": "new"}),
		"unknown key_ops":        f.jwk(map[string]any{"kid": "x", "key_ops": []string{"new"}}),
		"broken x5c":             f.jwk(map[string]any{"kid": "x", "x5c": []string{"!"}}),
		"key_ops for encryption": f.jwk(map[string]any{"kid": "x", "use": nil, "key_ops": []string{"encrypt"}}),
	} {
		v := newTestVerifier(t, cognito.WithJWKS(keySetJSON(key, f.jwk(nil))))
		require.NoError(t, verifyAccess(t, v, forged(nil)), name)
		raw := f.sign(fmt.Sprintf(`{"kid":%q,"alg":"RS256"}`, key["kid"]), access(nil))
		err := verifyAccess(t, v, raw)
		require.Error(t, err, name)
		require.NotErrorIs(t, err, cognito.ErrKeysUnavailable, name)
		assert.Less(t, len(err.Error()), 500, name)
		if strings.HasPrefix(name, "28") {
			_, err := cognito.NewVerifier(testPool, []string{testClient}, cognito.WithJWKS(keySetJSON(key)))
			require.ErrorContains(t, err, `key 1 (kid "x")`, name)
		}
	}
}

// 54, 59, 63, 72: mistakes of the caller are errors of the constructors, not of a token.
func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		clients []string
		opts    []cognito.VerifierOption
		want    string
	}{
		"59 no client IDs":      {nil, nil, "WithAnyClient"},
		"63 no groups":          {[]string{testClient}, with(cognito.WithGroups()), "WithGroups"},
		"63 an empty group":     {[]string{testClient}, with(cognito.WithGroups("")), "WithGroups"},
		"63 no scopes":          {[]string{testClient}, with(cognito.WithScopes()), "WithScopes"},
		"a cache for no tokens": {[]string{testClient}, with(cognito.WithTokenCache(0)), "WithTokenCache"},
		"a cache for too many":  {[]string{testClient}, with(cognito.WithTokenCache(1 << 30)), "WithTokenCache"},
		"no logger":             {[]string{testClient}, with(cognito.WithLogger(nil)), "WithLogger"},
	} {
		v, err := cognito.NewVerifier(testPool, tt.clients, tt.opts...)
		require.ErrorContains(t, err, tt.want, name)
		assert.Nil(t, v, name)
	}
	// 54: the use is always compared.
	for _, use := range []cognito.TokenUse{"", "refresh"} {
		err := newTestVerifier(t).VerifyInto(t.Context(), forged(nil), use, &map[string]any{})
		require.ErrorContains(t, err, "use")
		var refused *cognito.TokenError
		require.NotErrorAs(t, err, &refused)
	}
	// 58: any of the client IDs.
	v, err := cognito.NewVerifier(testPool, []string{"other", testClient}, cognito.WithJWKS(keySetJSON(forgers()[0].jwk(nil))),
		cognito.WithClock(func() time.Time { return testTime }))
	require.NoError(t, err)
	_, err = v.VerifyAccessToken(t.Context(), forged(nil))
	require.NoError(t, err)
}

// 66, 67: of several faults the first of this order is named: parsing, algorithm, issuer, key,
// signature, exp, nbf, use, client, groups, scope. (aws-jwt-verify has the issuer before the key,
// too, where there are several pools.)
func TestOrderOfErrors(t *testing.T) {
	t.Parallel()
	f := forgers()[0]
	v := newTestVerifier(t, cognito.WithGroups("admins"), cognito.WithScopes("c"))
	spoiled := map[string]any{
		"iss": "x", "exp": 1, "nbf": testTime.Add(time.Hour).Unix(), "token_use": "id", "client_id": "other", "sub": 1,
	}
	header := `{"kid":"three","alg":"RS512"}`
	steps := []struct {
		name  string
		mend  func()
		wrong error
	}{
		{"parsing", func() {}, jwt.ErrTokenMalformed},
		{"algorithm", func() { delete(spoiled, "sub") }, jwt.ErrTokenSignatureInvalid},
		{"issuer", func() { header = `{"kid":"three","alg":"RS256"}` }, cognito.ErrTokenIssuer},
		{"key", func() { delete(spoiled, "iss") }, cognito.ErrUnknownKey},
		{"signature", func() { header = `{"kid":"two","alg":"RS256"}` }, jwt.ErrTokenSignatureInvalid},
		{"exp", func() { header = f.header() }, jwt.ErrTokenExpired},
		{"nbf", func() { delete(spoiled, "exp") }, jwt.ErrTokenNotValidYet},
		{"use", func() { delete(spoiled, "nbf") }, cognito.ErrTokenUse},
		{"client", func() { delete(spoiled, "token_use") }, cognito.ErrTokenClient},
		{"groups", func() { delete(spoiled, "client_id") }, cognito.ErrNotInGroup},
		{"scope", func() { spoiled["cognito:groups"] = []string{"admins"} }, cognito.ErrInsufficientScope},
		{"nothing", func() { spoiled["scope"] = "c" }, nil},
	}
	for _, step := range steps {
		step.mend()
		_, err := v.VerifyAccessToken(t.Context(), f.sign(header, access(spoiled)))
		if step.wrong == nil {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, step.wrong, step.name)
		}
	}
}

// validatedClaims are a caller's own claims. Their methods must not stand in the way of the checks.
type validatedClaims struct {
	cognito.AccessClaims

	Team string `json:"custom:team"`
}

var errNever = errors.New("Validate was called")

func (validatedClaims) Validate() error { return errNever }
func (validatedClaims) GetExpirationTime() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(testTime.Add(9e9)), nil
}

// 68, 69: there is no custom check, since one after the call does the same with the claims at hand.
func TestVerifyInto(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t)
	var claims validatedClaims
	require.NoError(t, v.VerifyInto(t.Context(), forged(claim("custom:team", "blue")), cognito.AccessToken, &claims))
	assert.Equal(t, "blue", claims.Team)
	assert.Equal(t, "bob", claims.Username)
	assert.Equal(t, []string{"readers", "writers"}, claims.Groups)

	before := claims
	require.ErrorIs(t, v.VerifyInto(t.Context(), forged(claim("exp", 1)), cognito.AccessToken, &claims), jwt.ErrTokenExpired)
	assert.Equal(t, before, claims)
	var wrong struct {
		Team int `json:"custom:team"`
	}
	require.ErrorIs(t, v.VerifyInto(t.Context(), forged(claim("custom:team", "blue")), cognito.AccessToken, &wrong), jwt.ErrTokenMalformed)
	for _, target := range []any{nil, claims, (*validatedClaims)(nil), jwt.MapClaims{}} {
		err := v.VerifyInto(t.Context(), forged(nil), cognito.AccessToken, target)
		require.ErrorContains(t, err, "want a non-nil pointer")
		require.NotErrorIs(t, err, jwt.ErrTokenMalformed, "the token is good")
	}

	var all jwt.MapClaims
	require.NoError(t, v.VerifyInto(t.Context(), idToken(nil), cognito.IDToken, &all))
	assert.Equal(t, "bob@example.com", all["email"])
}

func TestClaimsOfAToken(t *testing.T) {
	t.Parallel()
	v := newTestVerifier(t)
	access, err := v.VerifyAccessToken(t.Context(), forged(map[string]any{
		"origin_jti": "o", "event_id": "e", "device_key": "d", "aud": []string{"x"}, "nbf": testTime.Unix(), "username": "Zoë\n",
	}))
	require.NoError(t, err)
	var decoded cognito.AccessClaims // as encoding/json reads them
	require.NoError(t, v.VerifyInto(t.Context(), forged(map[string]any{
		"origin_jti": "o", "event_id": "e", "device_key": "d", "aud": []string{"x"}, "nbf": testTime.Unix(), "username": "Zoë\n",
	}), cognito.AccessToken, &decoded))
	assert.Equal(t, "x", access.All["aud"].([]any)[0])
	assert.Equal(t, json.Number(strconv.FormatInt(testTime.Unix(), 10)), access.All["nbf"])
	assert.Equal(t, &decoded, access)
	assert.Equal(t, "Zoë\n", access.Username)

	id, err := v.VerifyIDToken(t.Context(), idToken(map[string]any{"email_verified": "true", "phone_number": "+1", "phone_number_verified": false}))
	require.NoError(t, err)
	var same cognito.IDClaims
	text, err := json.Marshal(id.All)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &same))
	assert.Equal(t, &same, id)
	assert.True(t, id.EmailVerified)
	assert.False(t, id.PhoneNumberVerified)
}
