package cognitotest

import (
	"crypto/hmac"

	"github.com/gocognito/cognito/internal/srp"
)

// checkHash checks the secret hash of a request that names username; mismatch is the text where it is wrong. What
// the service says to a client without a secret that sends one is not documented; here it is refused.
func checkHash(c *Client, username, hash, mismatch string) error {
	switch {
	case c.Secret == "" && hash == "":
		return nil
	case c.Secret == "":
		return notAuthorized(mismatch)
	case hash == "":
		return notAuthorized("Client " + c.ID + " is configured with secret but SECRET_HASH was not received")
	case !hmac.Equal([]byte(hash), []byte(srp.SecretHash(username, c.ID, c.Secret))):
		return notAuthorized(mismatch)
	default:
		return nil
	}
}

// checkAuthHash is checkHash for the parameters of a sign-in.
func checkAuthHash(c *Client, params map[string]string) error {
	return checkHash(c, params[paramUsername], params[paramSecretHash], "Unable to verify secret hash for client "+c.ID)
}
