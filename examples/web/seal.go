package main

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	keySize   = 32   // AES-256
	maxCookie = 4000 // bytes that browsers keep for certain
)

// sealer keeps values in cookies that the user can neither read nor change. The server therefore
// stores nothing about visitors who have not signed in. sealer also makes the session cookie, the
// only one that is not sealed.
type sealer struct {
	aead   cipher.AEAD
	secure bool // cookies are sent over HTTPS only
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
	return &sealer{aead: aead, secure: secure, now: time.Now}, nil
}

// envelope is what is encrypted.
type envelope struct {
	Value   any       `json:"value"`
	Expires time.Time `json:"expires"`
}

// put seals value into the cookie name for a while. The name is bound to the value, so that it
// serves no other purpose.
func (s *sealer) put(w http.ResponseWriter, name string, value any, life time.Duration) error {
	raw, err := json.Marshal(envelope{Value: value, Expires: s.now().Add(life)})
	if err != nil {
		return err
	}
	//nolint:gosec // Seal makes its own nonce
	sealed := base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, raw, []byte(name)))
	if len(sealed) > maxCookie {
		return fmt.Errorf("the value of %s is too large for a cookie: keep it on the server instead", name)
	}
	http.SetCookie(w, s.cookie(name, sealed, life))
	return nil
}

// get decodes the request's cookie name into value. It reports false if there is no such cookie, or
// if it has expired, was changed, or was sealed with another key.
func (s *sealer) get(r *http.Request, name string, value any) bool {
	cookie, err := r.Cookie(s.fullName(name))
	if err != nil {
		return false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return false
	}
	raw, err := s.aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return false
	}
	opened := envelope{Value: value}
	return json.Unmarshal(raw, &opened) == nil && s.now().Before(opened.Expires)
}

// drop removes the cookie name from the browser.
func (s *sealer) drop(w http.ResponseWriter, name string) {
	http.SetCookie(w, s.cookie(name, "", -time.Second))
}

// cookie is Lax, not Strict: the browser comes back from the pool's own pages, which are another
// site.
func (s *sealer) cookie(name, value string, life time.Duration) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // not secure on plain localhost only
		Name: s.fullName(name), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	}
}

// fullName is the cookie's name. No other host of the domain can set one whose name begins with
// __Host-.
func (s *sealer) fullName(name string) string {
	if s.secure {
		return "__Host-" + name
	}
	return name
}
