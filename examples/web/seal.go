package main

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gocognito/cognito"
)

const (
	keySize   = 32               // AES-256
	maxCookie = 4000             // bytes that browsers keep for certain
	lifetime  = 15 * time.Minute // no challenge of the service lasts longer
)

// state is a sign-in between two requests.
type state struct {
	Challenge cognito.Challenge `json:"challenge"`
	Secret    string            `json:"secret,omitempty"` // of the software token that is being set up
	Expires   time.Time         `json:"expires"`
}

// sealer keeps states in cookies that the user can neither read nor change.
type sealer struct {
	aead   cipher.AEAD
	name   string // of the cookie
	secure bool
	now    func() time.Time
}

func newSealer(key []byte, secure bool) (*sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	name := "challenge"
	if secure {
		name = "__Host-challenge" // which no other host of the domain can set: a user must not go on with a stranger's sign-in
	}
	return &sealer{aead: aead, name: name, secure: secure, now: time.Now}, nil
}

// seal makes a cookie of s. The name of the cookie is bound to it, so that a sealed value serves no other purpose.
func (s *sealer) seal(st state) (*http.Cookie, error) {
	st.Expires = s.now().Add(lifetime)
	raw, err := json.Marshal(st) //nolint:gosec // to be encrypted
	if err != nil {
		return nil, err
	}
	value := base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, raw, []byte(s.name))) //nolint:gosec // it makes its own nonce
	if len(value) > maxCookie {
		return nil, fmt.Errorf("the challenge %s is too large for a cookie: keep it on the server instead", st.Challenge.Name)
	}
	return s.cookie(value, int(lifetime.Seconds())), nil
}

var errNoState = errors.New("no sign-in is under way")

// open takes the state out of a request's cookie.
func (s *sealer) open(r *http.Request) (state, error) {
	var st state
	cookie, err := r.Cookie(s.name)
	if err != nil {
		return st, errNoState
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return st, errNoState
	}
	raw, err := s.aead.Open(nil, nil, sealed, []byte(s.name))
	if err != nil {
		return st, errNoState // of another key, or changed
	}
	if err := json.Unmarshal(raw, &st); err != nil || s.now().After(st.Expires) {
		return state{}, errNoState
	}
	return st, nil
}

// cleared is the cookie that removes the state from the browser.
func (s *sealer) cleared() *http.Cookie { return s.cookie("", -1) }

func (s *sealer) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // not secure on plain localhost only
		Name: s.name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode,
	}
}
