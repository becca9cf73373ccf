package cognito

import "errors"

// Why a token is refused, matched with [errors.Is] against a [*TokenError]. The sentinels of
// github.com/golang-jwt/jwt/v5 (jwt.ErrTokenExpired, jwt.ErrTokenMalformed, jwt.ErrTokenSignatureInvalid and
// so on) match too.
var (
	// ErrTokenUse: an ID token where an access token is wanted, or the reverse.
	ErrTokenUse = errors.New("token is for another use")
	// ErrTokenClient: the token was issued to another app client.
	ErrTokenClient = errors.New("token was issued to another app client")
	// ErrTokenIssuer: the token was issued by another pool.
	ErrTokenIssuer = errors.New("token has another issuer")
	// ErrUnknownKey: the token names no key, or one that the pool does not have.
	ErrUnknownKey = errors.New("token is signed with an unknown key")
	// ErrKeysUnavailable: the pool's keys could not be fetched, so nothing is known about the token. It is the
	// one reason here that speaks of the pool and not of the token.
	ErrKeysUnavailable = errors.New("the pool's keys are unavailable")
	// ErrNotInGroup: the user is in none of the groups that [WithGroups] names.
	ErrNotInGroup = errors.New("user is in none of the groups that are wanted")
	// ErrInsufficientScope: the token has none of the scopes that [WithScopes] names.
	ErrInsufficientScope = errors.New("token has none of the scopes that are wanted")
)

// TokenUse is what a token is for: its claim token_use.
type TokenUse string

// The uses of a user pool's tokens.
const (
	AccessToken TokenUse = "access"
	IDToken     TokenUse = "id"
)

// TokenError says why a token was refused, or why it could not be checked ([ErrKeysUnavailable]). It never
// holds the token.
type TokenError struct {
	// Use is what the token was wanted for.
	Use TokenUse
	// Reason is the cause.
	Reason error
}

// Error returns "cognito: ", the use, and the reason.
func (e *TokenError) Error() string { return "cognito: " + e.text() }

func (e *TokenError) text() string { return string(e.Use) + " token: " + e.Reason.Error() }

// Unwrap returns the reason.
func (e *TokenError) Unwrap() error { return e.Reason }
