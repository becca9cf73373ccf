package cognito_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"

	"github.com/gocognito/cognito"
)

// members reads a JSON object with encoding/json: its members by their exact names, and how often
// each is there. ok is false for what is no JSON object.
func members(text string) (values map[string]json.RawMessage, times map[string]int, ok bool) {
	values, times = map[string]json.RawMessage{}, map[string]int{}
	d := json.NewDecoder(strings.NewReader(text))
	if first, err := d.Token(); err != nil || first != json.Delim('{') || !json.Valid([]byte(text)) {
		return nil, nil, false
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, false
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil, nil, false
		}
		values[name.(string)] = value
		times[name.(string)]++
	}
	return values, times, true
}

// oracle reads members as the verifier should, one type at a time; bad is set once one is not of
// its type.
type oracle struct {
	values map[string]json.RawMessage
	times  map[string]int
	bad    bool
}

// has finds a member. null is of none of the types.
func (o *oracle) has(name string) (json.RawMessage, bool) {
	value, ok := o.values[name]
	o.bad = o.bad || o.times[name] > 1 || bytes.Equal(value, []byte("null"))
	return value, ok
}

func (o *oracle) text(name string) (text string) {
	if value, ok := o.has(name); ok {
		o.bad = o.bad || json.Unmarshal(value, &text) != nil
	}
	return text
}

func (o *oracle) date(name string) *jwt.NumericDate {
	value, ok := o.has(name)
	if !ok {
		return nil
	}
	var seconds float64
	o.bad = o.bad || json.Unmarshal(value, &seconds) != nil || math.Abs(seconds) > 1<<53
	whole, fraction := math.Modf(seconds)
	return &jwt.NumericDate{Time: time.Unix(int64(whole), int64(fraction*float64(time.Second)))}
}

func (o *oracle) list(name string) (list []string) {
	value, ok := o.has(name)
	if !ok {
		return nil
	}
	if value[0] == '"' {
		return []string{o.text(name)}
	}
	var items []*string // a null in it stays nil
	o.bad = o.bad || json.Unmarshal(value, &items) != nil
	for _, item := range items {
		if o.bad = o.bad || item == nil; !o.bad {
			list = append(list, *item)
		}
	}
	return list
}

// soft calls read, and takes what it reads of the wrong type for nothing, since no check needs it.
func soft[T any](o *oracle, read func(name string) T, name string) (value T) {
	before := o.bad
	o.bad = false
	value = read(name)
	if o.bad {
		value = *new(T)
	}
	o.bad = before || o.times[name] > 1
	return value
}

// readAccess is what a verifier of newTestVerifier should read of an access token; ok is false if
// it should refuse it.
func readAccess(header, payload string) (claims *cognito.AccessClaims, ok bool) {
	h, times, ok := members(header)
	c, claimTimes, also := members(payload)
	if !ok || !also {
		return nil, false
	}
	head, o := &oracle{values: h, times: times}, &oracle{values: c, times: claimTimes}
	alg, kid := head.text("alg"), head.text("kid")
	_, critical := h["crit"]
	claims = &cognito.AccessClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: o.text("iss"), Subject: o.text("sub"), Audience: o.list("aud"), ID: o.text("jti"),
			ExpiresAt: o.date("exp"), NotBefore: o.date("nbf"), IssuedAt: o.date("iat"),
		},
		TokenUse: cognito.TokenUse(o.text("token_use")), Username: o.text("username"), ClientID: o.text("client_id"),
		Scope: o.text("scope"), Groups: soft(o, o.list, "cognito:groups"), AuthTime: o.date("auth_time"),
		OriginID: soft(o, o.text, "origin_jti"), EventID: soft(o, o.text, "event_id"), DeviceKey: soft(o, o.text, "device_key"),
		ACR: soft(o, o.text, "acr"), AMR: soft(o, o.list, "amr"),
	}
	for _, n := range times {
		head.bad = head.bad || n > 1
	}
	for _, n := range claimTimes {
		o.bad = o.bad || n > 1
	}
	good := !head.bad && !o.bad && !critical && alg == "RS256" && (kid == "one" || kid == "two") && claims.Issuer == testIssuer &&
		claims.ExpiresAt != nil && !claims.ExpiresAt.Before(testTime) && claims.TokenUse == cognito.AccessToken && claims.ClientID == testClient &&
		(claims.NotBefore == nil || !claims.NotBefore.After(testTime))
	return claims, good
}

// decisive are the claims of which no other spelling reaches anybody.
var decisive = []string{
	"iss", "sub", "jti", "aud", "exp", "nbf", "iat", "auth_time", "token_use", "client_id", "username", "cognito:username", "scope",
	"origin_jti", "event_id", "device_key", "at_hash", "cognito:groups", "acr", "amr", "cognito:roles", "cognito:preferred_role",
	"identities", "nonce", "version", "email", "email_verified", "phone_number", "phone_number_verified",
}

// FuzzClaims compares what the verifier reads of a header and a payload with what encoding/json
// does: it takes the same tokens, and of each the same claims.
func FuzzClaims(f *testing.F) {
	one := forgers()[0].header()
	good := access(nil)
	for _, payload := range []string{
		good, " \t\r\n" + good + "\n", `{"exp":1e300}`, `{"exp":-0.5}`, `[]`, `{}`, `null`, `{"a":"\ud800","b":"\u0000"}`,
		strings.Replace(good, `"exp"`, `"\u0065xp"`, 1), strings.Replace(good, `"exp"`, `"EXP"`, 1),
		strings.Replace(good, `{`, `{"sub":"x",`, 1), strings.Replace(good, `{`, `{"SUB":"x",`, 1), strings.Replace(good, `{`, `{"nbf":null,`, 1),
		strings.Replace(good, `"bob"`, `"b\ud83d\ude00\"\\b"`, 1), strings.Replace(good, `"bob"`, "\"b\xff\"", 1),
		strings.Replace(good, `["readers","writers"]`, `[ "a" , "b\"]" ]`, 1), strings.Replace(good, `["readers","writers"]`, `"a"`, 1),
		strings.Replace(good, `["readers","writers"]`, `["a",null]`, 1), strings.Replace(good, `["readers","writers"]`, `[["a"]]`, 1),
		strings.Replace(good, `{`, `{"x":{"exp":1,"y":[{"}":"]"},[[]]]},"z":[],"aud":[],"nbf":1.5,`, 1),
		strings.Replace(good, `{`, `{"x":`+strings.Repeat("[", 9000)+strings.Repeat("]", 9000)+`,`, 1),
		strings.Replace(good, `{`, `{"x":`+strings.Repeat("[", 10001)+strings.Repeat("]", 10001)+`,`, 1),
		access(map[string]any{"auth_time": 1.25, "device_key": "d", "event_id": "e", "origin_jti": "o", "at_hash": "h", "aud": []string{"a"}}),
	} {
		f.Add(one, payload)
	}
	for _, header := range []string{
		`{"alg":"RS256","alg":"RS256","kid":"one"}`, `{"alg":"RS256","kid":"one","kid":"one"}`, `{"alg":"RS256","kid":"","kid":"one"}`, `{"ALG":"none","alg":"RS256","kid":"one"}`,
		`{"\u0061lg":"RS256","kid":"one","crit":null}`, `{"kid":"one","alg":null}`, ` { "kid" : "two" , "alg" : "RS256" , "x" : { } } `,
	} {
		f.Add(header, good)
	}
	v := newTestVerifier(f)
	signer := map[bool]forger{true: forgers()[1], false: forgers()[0]}
	f.Fuzz(func(t *testing.T, header, payload string) {
		if len(header)+len(payload) > 40<<10 {
			return // longer than a token may be
		}
		want, ok := readAccess(header, payload)
		h, _, _ := members(header)
		raw := signer[string(h["kid"]) == `"two"`].sign(header, payload)
		got, err := v.VerifyAccessToken(t.Context(), raw)
		if (err == nil) != ok {
			t.Fatalf("header %q, payload %q: error %v, want one: %t", header, payload, err, !ok)
		}
		if ok {
			d := json.NewDecoder(strings.NewReader(payload))
			d.UseNumber()
			if err := d.Decode(&want.All); err != nil {
				t.Fatal(err)
			}
			maps.DeleteFunc(want.All, func(name string, _ any) bool {
				return slices.ContainsFunc(decisive, func(known string) bool { return known != name && strings.EqualFold(known, name) })
			})
			assert.Equal(t, want, got)
		}
	})
}
