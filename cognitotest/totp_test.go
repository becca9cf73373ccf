package cognitotest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The test vectors of RFC 6238, appendix B, for SHA-1; the RFC's codes have eight digits, of which
// these are the last.
func TestTOTP(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		assert.Equal(t, want, totp([]byte("12345678901234567890"), seconds/totpStep))
	}
}

func TestTOTPWindow(t *testing.T) {
	t.Parallel()
	const step = 1_000_000
	at := func(steps int64) time.Time { return time.Unix((step+steps)*totpStep, 0) }
	token := &softwareToken{secret: []byte("12345678901234567890")}
	code := totp(token.secret, step)
	require.ErrorIs(t, token.check(code, at(-2)), errTOTPMismatch)
	require.ErrorIs(t, token.check(code, at(2)), errTOTPMismatch)
	require.NoError(t, token.check(code, at(-1)))
	for late := int64(-1); late <= 1; late++ {
		require.ErrorIs(t, token.check(code, at(late)), errTOTPUsed, "each code is good once")
	}
	require.ErrorIs(t, token.check(code, at(2)), errTOTPMismatch)
	require.NoError(t, token.check(totp(token.secret, step-1), at(0)), "the one before it is another code")
	require.NoError(t, token.check(totp(token.secret, step+1), at(0)))
}
