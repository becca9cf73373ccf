package cognito_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

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
