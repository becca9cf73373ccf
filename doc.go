// Package cognito signs users in to Amazon Cognito user pools and looks after their tokens.
//
// A [Cognito] is a client of one user pool and app client, and the session of at most one user in it:
//
//	c, err := cognito.New("eu-west-1_aBcDeFgHi", "3n4b5urk1ft4fl3mg5e62d9ado")
//	…
//	bob := c.ForUser("bob@example.com")
//	if err := bob.Authenticate(ctx, password); err != nil { … }
//	tokens := bob.Tokens()
//
// It needs no AWS account to be tried: package cognitotest is a user pool in the same process, and
// examples/quickstart shows both at work.
//
// # Signing in
//
// [Cognito.Authenticate] proves the password by SRP: it never leaves the machine. The tokens that come back are
// verified against the pool's keys before they become the session's. A sign-in costs two round trips to the
// service; the keys are fetched beside them, once. New users are made by [Cognito.Register] and
// [Cognito.ConfirmSignUp].
//
// Programs that call the AWS SDK themselves and only want the arithmetic use [SRP], [SecretHash] and
// [NewDeviceVerifier].
//
// # Challenges
//
// A pool may ask for more than a password: a code, a new password, the answer to a question of its own. The call
// then returns a [*ChallengeError]. It matches [ErrMFARequired], [ErrNewPasswordRequired] and their like with
// [errors.Is], and holds a [Challenge], which is all the state there is: answer it with
// [Cognito.RespondToChallenge], or store it as JSON and go on in another request or process with
// [WithChallenge].
//
// # Tokens
//
// [Cognito.Tokens] returns the session's tokens, [Cognito.IDClaims] and [Cognito.AccessClaims] what they say.
// [Cognito.CheckToken] tells whether they have expired, [Cognito.RenewAccessToken] obtains new ones.
// [Cognito.RevokeToken] ends the session, [Cognito.Logout] all sessions of the user. Tokens from elsewhere come
// in by [WithTokens] and count as unverified until [Cognito.VerifyTokens].
//
// A server that receives tokens uses a [Verifier], or [Cognito.VerifyToken] where it has a Cognito anyway.
// Keys are fetched on first use, again when a token names a new one, and never more often than every few
// seconds, whatever tokens come in; COGNITO_JWKS or [WithJWKS] give them offline.
//
// # AWS credentials
//
// What users do needs none, and no AWS configuration either. What must be signed, through [Cognito.Client], gets
// its credentials from [WithStaticCredentials], [WithAWSConfig] or, on the first such call, the default AWS
// configuration; without any it fails with [ErrNoCredentials].
//
// # Concurrency
//
// A [Cognito] and a [Verifier] are safe for concurrent use. No lock is held during I/O, no goroutine outlives
// the fetch of a key set, and every call that may wait takes a context.
//
// # Errors
//
// Bad arguments are refused before anything is sent, by the name of the argument. What the service refuses is an
// [*Error] that matches a reason such as [ErrInvalidCredentials] with [errors.Is] and leaves the SDK's error
// reachable with [errors.As]. What is wrong with a token is a [*TokenError]; [ErrKeysUnavailable] among its
// reasons means that nothing is known about the token. [IsTerminal] says when only a new sign-in helps. A failed
// call leaves the session as it was.
//
// # Secrets
//
// No password, token, session, client secret or device password is in an error or a log, and the types that
// hold them print without them. [Tokens], [Challenge] and [Device] marshal to JSON with them, so that they can
// be stored. The arithmetic of SRP takes the same time whatever the password is.
package cognito
