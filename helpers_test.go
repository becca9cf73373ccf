package cognito_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/stretchr/testify/require"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

func errorIs(err, target error) bool { return errors.Is(err, target) }

func keysOf(m map[string]any) []string { return slices.Collect(maps.Keys(m)) }

// hmacHash is base64(HMAC-SHA-256(secret, message)), as the protocol gives SECRET_HASH.
func hmacHash(message, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// halfHash is at_hash as OpenID Connect defines it for RS256.
func halfHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func splitToken(raw string) (header, payload, signature string) {
	parts := strings.Split(raw, ".")
	return parts[0], parts[1], parts[2]
}

func encodeHeader(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }

// changed replaces a part of an encoded segment of a token.
func changed(segment, from, to string) string {
	text, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil || !strings.Contains(string(text), from) {
		panic("nothing to change")
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strings.ReplaceAll(string(text), from, to)))
}

func keysOfText(m map[string]string) []string { return slices.Collect(maps.Keys(m)) }

// noCredentials gives a client no AWS credentials, whatever the machine has.
func noCredentials() cognito.Option { return cognito.WithAWSConfig(aws.Config{}) }

// renewals counts the calls that exchange a refresh token.
func renewals(srv *cognitotest.Server) int {
	n := 0
	for _, r := range srv.Requests() {
		if r.Op == "GetTokensFromRefreshToken" {
			n++
		}
	}
	return n
}

// refreshElsewhere spends the session's refresh token as another process does, of which this one
// knows nothing. It returns what that process has then.
func refreshElsewhere(t *testing.T, c *cognito.Cognito) cognito.Tokens {
	t.Helper()
	tokens := c.Tokens()
	out, err := c.Client().GetTokensFromRefreshToken(t.Context(), &cognitoidentityprovider.GetTokensFromRefreshTokenInput{
		ClientId: aws.String(c.ClientID()), RefreshToken: aws.String(tokens.RefreshToken),
	})
	require.NoError(t, err)
	result := out.AuthenticationResult
	tokens.AccessToken, tokens.IDToken = aws.ToString(result.AccessToken), aws.ToString(result.IdToken)
	if next := aws.ToString(result.RefreshToken); next != "" {
		tokens.RefreshToken = next
	}
	tokens.ExpiresAt = newTokensExpiry(t, c, tokens)
	return tokens
}

// newTokensExpiry is when the access token expires, as the library says it.
func newTokensExpiry(t *testing.T, c *cognito.Cognito, tokens cognito.Tokens) time.Time {
	t.Helper()
	claims, err := c.VerifyToken(t.Context(), tokens.AccessToken, cognito.AccessToken)
	require.NoError(t, err)
	at, err := claims.GetExpirationTime()
	require.NoError(t, err)
	return at.Time
}

func errorAs(err error, target any) bool { return errors.As(err, target) }

// interrupted is a context that runs a function at one of the moments when it is asked for its error.
type interrupted struct {
	context.Context

	left atomic.Int32
	run  func()
}

func (i *interrupted) Err() error {
	if i.left.Add(-1) == 0 {
		i.run()
	}
	return i.Context.Err()
}
