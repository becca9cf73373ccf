package cognitotest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238 with SHA-1 is what the service and the authenticators speak
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// totpStep is how long a code is the current one, in seconds.
const totpStep = 30

// softwareToken is a user's software token.
type softwareToken struct {
	secret []byte
	name   string  // FRIENDLY_DEVICE_NAME
	used   []int64 // the steps whose codes were used, as far as they could be used again
}

// totp is the code of RFC 6238 for a step, in six digits.
func totp(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step)) //nolint:gosec // steps count from 1970
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}

// check checks a code, which may be a step early or late and is good once; nil if it is right.
func (t *softwareToken) check(code string, now time.Time) error {
	current := now.Unix() / totpStep
	for _, step := range []int64{current, current - 1, current + 1} {
		if !hmac.Equal([]byte(code), []byte(totp(t.secret, step))) {
			continue
		}
		if slices.Contains(t.used, step) {
			return errTOTPUsed
		}
		t.used = slices.DeleteFunc(append(t.used, step), func(old int64) bool { return old < current-1 })
		return nil
	}
	return errTOTPMismatch
}

func encodeSecret(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

func decodeSecret(text string) ([]byte, error) {
	return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(strings.ToUpper(text), "="))
}

// TOTP returns the current code of a user's software token, or of the one that the user is about to set up; "" if
// there is none. Each code is good once: for another one, Advance by 30 seconds. It panics when there is no such user.
func (s *Server) TOTP(username string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.pool.must(username)
	token := u.newToken
	if token == nil {
		token = u.token
	}
	if token == nil {
		return ""
	}
	return totp(token.secret, s.pool.now().Unix()/totpStep)
}

func newSecret() []byte {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails
	return secret
}
