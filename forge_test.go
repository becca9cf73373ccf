package cognito_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
)

const testIssuer = "https://cognito-idp.eu-west-1.amazonaws.com/" + testPool

// testTime is when forged tokens are looked at; they are valid for an hour from then.
var testTime = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// forger signs whatever it is given, as only a pool's key can.
type forger struct {
	key *rsa.PrivateKey
	kid string
}

var forgers = sync.OnceValue(func() []forger {
	var all []forger
	for _, kid := range []string{"one", "two"} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		all = append(all, forger{key, kid})
	}
	return all
})

// jwk is the public key as a member of a key set; change replaces members, and a nil removes one.
func (f forger) jwk(change map[string]any) map[string]any {
	members := map[string]any{
		"kty": "RSA", "kid": f.kid, "use": "sig", "alg": "RS256",
		"n": encode(f.key.N.Bytes()), "e": encode(big.NewInt(int64(f.key.E)).Bytes()),
	}
	maps.Copy(members, change)
	maps.DeleteFunc(members, func(_ string, v any) bool { return v == nil })
	return members
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func keySetJSON(keys ...map[string]any) []byte {
	set, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	return set
}

// sign signs the header and the payload as they are.
func (f forger) sign(header, payload string) string {
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, f.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + encode(signature)
}

// header is the header of a token of the forger's.
func (f forger) header() string { return fmt.Sprintf(`{"kid":%q,"alg":"RS256"}`, f.kid) }

// access is the payload of an access token; change replaces claims, and a nil removes one.
func access(change map[string]any) string {
	return payload(map[string]any{"token_use": "access", "client_id": testClient, "username": "bob", "scope": "a b"}, change)
}

// identityPayload is the payload of an ID token.
func identityPayload(change map[string]any) string {
	return payload(map[string]any{"token_use": "id", "aud": testClient, "cognito:username": "bob", "email": "bob@example.com"}, change)
}

func payload(claims, change map[string]any) string {
	maps.Copy(claims, map[string]any{
		"iss": testIssuer, "sub": "4320de44", "iat": testTime.Unix(), "exp": testTime.Add(time.Hour).Unix(),
		"auth_time": testTime.Unix(), "cognito:groups": []string{"readers", "writers"}, "jti": "1",
	})
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// forged is an access token that the verifier of newTestVerifier takes, unless change spoils it.
func forged(change map[string]any) string {
	return forgers()[0].sign(forgers()[0].header(), access(change))
}

// idToken is the same for an ID token.
func idToken(change map[string]any) string {
	return forgers()[0].sign(forgers()[0].header(), identityPayload(change))
}

// newTestVerifier is a verifier of the pool testPool with the keys of both forgers, at testTime,
// without leeway.
func newTestVerifier(tb testing.TB, opts ...cognito.VerifierOption) *cognito.Verifier {
	tb.Helper()
	opts = append([]cognito.VerifierOption{
		cognito.WithJWKS(keySetJSON(forgers()[0].jwk(nil), forgers()[1].jwk(nil))), cognito.WithLeeway(0),
		cognito.WithClock(func() time.Time { return testTime }),
	}, opts...)
	v, err := cognito.NewVerifier(testPool, []string{testClient}, opts...)
	require.NoError(tb, err)
	return v
}
