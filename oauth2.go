package cognito

import (
	"context"

	"golang.org/x/oauth2"
)

// TokenSource returns the session as a source of tokens for everything that takes an [oauth2.TokenSource]. Its
// tokens are those of [Cognito.Token], so each call may renew them and none needs [oauth2.ReuseTokenSource] around
// it. The ID token is in the extra "id_token". The refresh token is not in them: it has one owner, the session.
//
// ctx gives its values to the renewals; that it ends does not matter, since an [oauth2.TokenSource] outlives the
// call that made it. The source is safe for concurrent use.
func (c *Cognito) TokenSource(ctx context.Context) oauth2.TokenSource {
	return tokenSource{c, context.WithoutCancel(ctx)}
}

type tokenSource struct {
	c   *Cognito
	ctx context.Context // oauth2.TokenSource takes none
}

// Token returns the session's tokens as [oauth2.Token] has them.
func (s tokenSource) Token() (*oauth2.Token, error) {
	tokens, err := s.c.Token(s.ctx)
	if err != nil {
		return nil, err
	}
	token := &oauth2.Token{AccessToken: tokens.AccessToken, TokenType: tokens.TokenType, Expiry: tokens.expiry()}
	return token.WithExtra(map[string]any{"id_token": tokens.IDToken}), nil
}
