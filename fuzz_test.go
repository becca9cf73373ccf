package cognito_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/gocognito/cognito"
)

// FuzzVerify signs a header and a payload of any kind with a good key: what the verifier takes must
// be what encoding/json reads, and an error must be one of a bad token.
func FuzzVerify(f *testing.F) {
	for _, change := range []map[string]any{nil, claim("exp", "x"), claim("aud", []string{"x"}), claim("cognito:groups", "x"), claim("x", map[string]any{"y": []any{"}", 1}})} {
		f.Add(forgers()[0].header(), access(change))
	}
	f.Add(`{"kid":"one","alg":"RS256","alg":"none"}`, " \t\r\n"+access(nil)+"\n")
	f.Add(forgers()[0].header(), `{"\u0065xp":99999999999,"iss":"`+testIssuer+`"}`)
	v := newTestVerifier(f)
	f.Fuzz(func(t *testing.T, header, payload string) {
		raw := forgers()[0].sign(header, payload)
		claims, err := v.VerifyAccessToken(t.Context(), raw)
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			return
		}
		var h struct {
			Algorithm string `json:"alg"`
			KeyID     string `json:"kid"`
		}
		var want struct {
			Issuer   string           `json:"iss"`
			Use      string           `json:"token_use"`
			ClientID string           `json:"client_id"`
			Username string           `json:"username"`
			Expires  *jwt.NumericDate `json:"exp"`
		}
		var members map[string]json.RawMessage
		if json.Unmarshal([]byte(header), &h) != nil || json.Unmarshal([]byte(payload), &members) != nil {
			t.Fatal("encoding/json cannot read what was accepted")
		}
		for name := range members { // encoding/json does not tell names apart by case, the verifier does
			if strings.ToLower(name) != name || strings.ContainsFunc(name, func(r rune) bool { return r > 'z' }) {
				return
			}
		}
		if err := json.Unmarshal([]byte(payload), &want); err != nil {
			t.Fatal(err)
		}
		if h.Algorithm != "RS256" || want.Issuer != claims.Issuer || want.Use != "access" || want.ClientID != testClient || want.Username != claims.Username {
			t.Errorf("accepted %+v as %+v", want, claims)
		}
		if want.Expires.Unix() < testTime.Unix() {
			t.Errorf("accepted until %s", want.Expires)
		}
	})
}

// FuzzVerifyRaw gives the verifier anything as a token: only what was signed may pass.
func FuzzVerifyRaw(f *testing.F) {
	good := forged(nil)
	header, body, signature := splitToken(good)
	for _, raw := range []string{"", "..", good, good + "=", header + "." + body + ".", strings.ToUpper(good), header + "." + body + "." + signature + "." + signature} {
		f.Add(raw)
	}
	plain, cached := newTestVerifier(f), newTestVerifier(f, cognito.WithTokenCache(4))
	f.Fuzz(func(t *testing.T, raw string) {
		for _, v := range []*cognito.Verifier{plain, cached, cached} {
			if _, err := v.VerifyAccessToken(t.Context(), raw); (err == nil) != (raw == good) {
				t.Errorf("%q: %v", raw, err)
			}
		}
	})
}

// FuzzAuthorization gives the handler anything as an Authorization header.
func FuzzAuthorization(f *testing.F) {
	good := forged(nil)
	for _, value := range []string{"", "Bearer", "Bearer ", "bearer  " + good, "Bearer " + good + ",x", "Basic x", "\x00", good} {
		f.Add(value, false)
	}
	f.Add("Bearer "+good, true)
	h := newTestVerifier(f).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	f.Fuzz(func(t *testing.T, value string, twice bool) {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		req.Header["Authorization"] = []string{value}
		if twice {
			req.Header["Authorization"] = []string{value, value}
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		scheme, rest, _ := strings.Cut(value, " ")
		want := http.StatusUnauthorized
		if strings.EqualFold(scheme, "bearer") && strings.TrimLeft(rest, " ") == good && !twice {
			want = http.StatusOK
		}
		if w.Code != want || (want != http.StatusOK) != strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%q: status %d, want %d", value, w.Code, want)
		}
	})
}

// FuzzKeySet gives the verifier anything as a key set: it is refused, or at most the keys in it
// verify.
func FuzzKeySet(f *testing.F) {
	one := forgers()[0]
	for _, set := range [][]byte{keySetJSON(one.jwk(nil)), keySetJSON(one.jwk(claim("use", "enc"))), keySetJSON(one.jwk(claim("e", "AA"))), []byte("null"), []byte(`{"keys":[{}]}`)} {
		f.Add(set)
	}
	modulus := base64.RawURLEncoding.EncodeToString(one.key.N.Bytes())
	f.Fuzz(func(t *testing.T, set []byte) {
		v, err := cognito.NewVerifier(testPool, []string{testClient}, cognito.WithJWKS(slices.Clone(set)), cognito.WithClock(func() time.Time { return testTime }))
		if err != nil {
			return
		}
		if _, err := v.VerifyAccessToken(t.Context(), forged(nil)); err == nil && !strings.Contains(string(set), modulus[:40]) {
			t.Error("a key that is not in the set verified a token")
		}
	})
}
