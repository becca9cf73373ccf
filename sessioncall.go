package cognito

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// withAccessToken makes a call with the session's access token, which is read once: what signs in or out meanwhile
// does not change whose call it is. An expired token is renewed first when there is a refresh token to do it with; if
// not, the service says what it thinks of the token.
func (c *Cognito) withAccessToken(ctx context.Context, call func(accessToken *string) error) error {
	tokens, err := c.accessToken(ctx)
	if err != nil {
		return err
	}
	return call(aws.String(tokens.AccessToken))
}

// accessToken returns tokens with an access token that has not expired, as far as that can be had.
func (c *Cognito) accessToken(ctx context.Context) (Tokens, error) {
	tokens, err := c.session.loaded(ctx)
	if err != nil {
		return Tokens{}, err
	}
	if tokens.AccessToken != "" && (tokens.RefreshToken == "" || !c.hasExpired(tokens.AccessToken)) {
		return tokens, nil
	}
	if tokens.RefreshToken == "" {
		return Tokens{}, ErrNotSignedIn
	}
	if tokens, err = c.renewed(ctx, tokens, false); err != nil {
		return Tokens{}, err
	}
	if tokens.AccessToken == "" { // signed out meanwhile
		return Tokens{}, ErrNotSignedIn
	}
	return tokens, nil
}

// hasExpired reports whether a token of our own session has expired. One that cannot be read has not, for what we
// know.
func (c *Cognito) hasExpired(raw string) bool {
	claims := unverifiedClaims(raw)
	return claims != nil && claims.expires.set && !c.pool.now().Before(claims.expires.Time)
}
