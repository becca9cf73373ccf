package cognito

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 with SHA-1 is what the service and the authenticators speak
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// totpStep is how long one code of a software token is the current one, in seconds.
const totpStep = 30

// TOTPHandler answers SOFTWARE_TOKEN_MFA with the code that an authenticator app with secret would show (RFC 6238 with
// SHA-1, six digits), so that a machine user signs in alone; and SELECT_MFA_TYPE with SOFTWARE_TOKEN_MFA where that is
// an option. Other challenges are left to the caller. secret is base32 as [SoftwareToken] has it; spaces, case and
// padding do not matter. A secret that cannot be read is an error of the first challenge.
//
// The clock is that of the session ([WithClock]). The service takes each code once, and also that of the half minute
// before and after. The handler therefore never sends a code twice: for a second sign-in within the half minute it sends
// the next one's, and a third one fails until that has begun. Programs with the same secret do not know of each
// other's codes, nor does one that is started again: give each a user of its own. It may be used by several sessions of
// the same user and is safe for concurrent use.
func TOTPHandler(secret string) ChallengeHandler {
	key, err := decodeTOTPSecret(secret)
	codes := &totpCodes{key: key}
	return func(ctx context.Context, ch Challenge) (Answer, error) {
		switch ch.Name {
		case types.ChallengeNameTypeSelectMfaType:
			if !slices.Contains(ch.Options(), types.ChallengeNameTypeSoftwareTokenMfa) {
				return nil, nil //nolint:nilnil // left to the caller
			}
			return Answer{keyAnswer: string(types.ChallengeNameTypeSoftwareTokenMfa)}, nil
		case types.ChallengeNameTypeSoftwareTokenMfa:
			if err != nil {
				return nil, err
			}
			code, err := codes.next(clockOf(ctx)())
			return Answer{codeKeys[ch.Name]: code}, err
		default:
			return nil, nil //nolint:nilnil // left to the caller
		}
	}
}

func decodeTOTPSecret(secret string) ([]byte, error) {
	text := strings.TrimRight(strings.ToUpper(strings.Join(strings.Fields(secret), "")), "=")
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil || len(key) == 0 {
		return nil, fieldError("TOTPHandler", "want the secret of a software token in base32") // and not the secret itself
	}
	return key, nil
}

// totpCodes gives out each code of one secret once.
type totpCodes struct {
	key []byte

	mu   sync.Mutex // protects the field below
	last int64      // the step of the last code that was given out; 0 before the first
}

// next is a code that was not given out yet and that the service takes at now.
func (c *totpCodes) next(now time.Time) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	current := now.Unix() / totpStep
	step := current
	if c.last >= current && c.last <= current+1 { // further ahead, the clock was set back
		step = c.last + 1
	}
	if step > current+1 {
		left := totpStep - now.Unix()%totpStep
		return "", fmt.Errorf("the codes of this half minute were sent already, and each is good once: try again in %d seconds", left)
	}
	c.last = step
	return totpCode(c.key, step), nil
}

// totpCode is the code of RFC 6238 for a step, in six digits.
func totpCode(key []byte, step int64) string {
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash does not fail
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}

type clockKey struct{}

// withClock tells handlers the session's clock.
func withClock(ctx context.Context, now func() time.Time) context.Context {
	return context.WithValue(ctx, clockKey{}, now)
}

func clockOf(ctx context.Context) func() time.Time {
	if now, ok := ctx.Value(clockKey{}).(func() time.Time); ok {
		return now
	}
	return time.Now // called without a session
}
