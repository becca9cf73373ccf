// Package cognito signs users in to Amazon Cognito user pools, looks after their tokens, verifies tokens on servers, and
// administers users.
//
// A [Cognito] is a client of one user pool and app client, and the session of at most one user in it:
//
//	pool, err := cognito.New("eu-west-1_aBcDeFgHi", "3n4b5urk1ft4fl3mg5e62d9ado")
//	…
//	bob := pool.ForUser("bob@example.com")
//	if err := bob.Authenticate(ctx, password); err != nil { … }
//	tokens := bob.Tokens()
//
// A program for one user needs no more than that value ([WithUsername]); a server keeps one client and calls
// [Cognito.ForUser] for each user, which costs neither a connection nor a fetch of keys. No AWS account is needed to try
// it: package [github.com/gocognito/cognito/cognitotest] is a user pool in the same process, and examples/quickstart
// shows both at work.
//
// # Signing in
//
// [Cognito.Authenticate] proves the password by SRP: it never leaves the machine. The tokens that come back are verified
// against the pool's keys before they become the session's. A sign-in costs two round trips to the service; the keys are
// fetched beside them, once. [Flow] chooses USER_PASSWORD_AUTH instead, which sends the password. The other flows are
// [Cognito.AuthenticateCustom], for what the pool's Lambda functions define, [Cognito.AuthenticateChoice], for a first
// factor of choice (a password, a code by e-mail or SMS, a passkey), and [Cognito.AdminAuthenticate], for servers with AWS
// credentials. New users come by [Cognito.Register] and [Cognito.ConfirmSignUp], or by [Cognito.AdminCreateUser]; passwords
// are changed by [Cognito.ChangePassword] and, when forgotten, [Cognito.InitiateForgotPassword].
//
// [Cognito.ManagedLogin] signs users in on the pool's own pages, with identity providers behind them, and
// [ManagedLogin.Exchange] makes a session like any other of that. [Cognito.MachineTokens] are for services that call each
// other, without a user.
//
// Programs that call the AWS SDK themselves and only want the arithmetic use [SRP], [SecretHash] and [NewDeviceVerifier].
//
// # Challenges
//
// A pool may ask for more than a password: a code, a new password, the answer to a question of its own. The call then
// returns a [*ChallengeError], which matches [ErrMFARequired], [ErrNewPasswordRequired] and their like with [errors.Is].
// Each challenge has a method that answers it, such as [Cognito.RespondToSoftwareTokenMFAChallenge];
// [Cognito.RespondToChallenge] answers those not invented yet. An answer returns nil when the user is signed in then, or the
// next challenge; a wrong code leaves the challenge pending.
//
// The [Challenge] in the error is all the state there is: store it as JSON, where the user cannot change it, and go on in
// another request or process by [WithChallenge]. A [ChallengeHandler] answers in place of the caller; [TOTPHandler] is one
// for machine users. A second factor is set up with [Cognito.AssociateSoftwareToken], [Cognito.VerifySoftwareToken] and
// [Cognito.SetUserMFAPreference], a passkey with [Cognito.StartWebAuthnRegistration].
//
// # Devices
//
// Where a pool tracks devices, [Cognito.ConfirmDevice], or [WithDeviceTracking] by itself, makes a device known after a
// sign-in. [Cognito.Device] is what to store; with [WithDevice] it proves itself in later sign-ins, and MFA is skipped where
// the pool says so. A device that the pool has forgotten is dropped and the sign-in goes on ([Cognito.DeviceError]).
//
// # Tokens
//
// [Cognito.Token] returns tokens that are good for a while yet and renews them when it is time, once for all that wait.
// [Cognito.Tokens] returns what the session has, [Cognito.IDClaims] and [Cognito.AccessClaims] what that says.
// [Cognito.CheckToken] tells whether it has expired, [Cognito.RenewAccessToken] obtains new tokens now. A [TokenStore], such
// as a [FileStore], keeps them beyond the process; refresh tokens that rotate are saved before the new access token is
// used. [Cognito.RevokeToken] ends the session, [Cognito.Logout] all sessions of the user. Tokens from elsewhere come in by
// [WithTokens] and count as unverified until [Cognito.VerifyTokens].
//
// # Calling APIs
//
// [Cognito.HTTPClient] and [NewTransport] send the session's token with HTTP requests, to the origins of [WithOrigins] and
// nowhere else. They sign in on the first request and again when the refresh token is dead. [Cognito.TokenSource] is for
// whatever takes a TokenSource of golang.org/x/oauth2.
//
// # Verifying tokens
//
// A server that receives tokens uses a [Verifier], or a [MultiVerifier] for several pools. [Verifier.Handler]
// goes around its handlers, which find the claims with [ClaimsFromContext]; [RequireGroups], [RequireScopes]
// and [RequireACR] are rules for single handlers. Without HTTP there is [Verifier.VerifyAccessToken].
// [Cognito.Verifier] makes a Verifier that shares the keys of a client.
//
// Keys are fetched on first use, again when a token names a new one, and never more often than every few
// seconds, whatever tokens come in. To verify without network access, supply the key set with [WithJWKS] or
// COGNITO_JWKS. Offline verification cannot detect revoked tokens.
//
// # Admin operations and credentials
//
// What users do themselves needs no AWS credentials, and no AWS configuration either. Methods whose name begins with
// Admin are told which user they are about, but for [Cognito.AdminAuthenticate], which signs the session's in. They, and those about all users, groups, app clients and identity providers, are
// signed, with the credentials of [WithStaticCredentials] or [WithAWSConfig], or of the default AWS configuration, which the
// first such call loads; without any they fail with [ErrNoCredentials]. Lists such as [Cognito.Users] are ranged over, page
// by page. [Attributes] are text, and become structs by [Attributes.Unmarshal]. What is not offered here,
// [Cognito.Client] offers: it is the SDK's client.
//
// # Concurrency
//
// A [Cognito], a [Verifier] and a [Transport] are safe for concurrent use; [User], [Attributes] and [SRP] are not. No mutex is
// held during I/O, no goroutine outlives what it was started for (a fetch of keys, a renewal of tokens), and every call that
// may wait takes a context.
//
// # Errors
//
// Bad arguments are refused before anything is sent, by the name of the argument. What the service refuses is an [*Error]
// that matches a reason such as [ErrInvalidCredentials] with [errors.Is] and leaves the SDK's error reachable with
// [errors.As]. What is wrong with a token is a [*TokenError]; [ErrKeysUnavailable] among its reasons means that nothing is
// known about the token. [IsTerminal] says when only a new sign-in helps. A failed call leaves the session as it was. What
// must not happen twice, such as the answer with a code, is not sent again when it is not known whether it arrived.
//
// # Secrets
//
// No password, token, session, client secret or device password is in an error or a log, and the types that hold them print
// without them. [Tokens], [Challenge], [Device], [Registration] and [LoginAttempt] marshal to JSON with them, so that they can be stored. No
// branch and no index in the arithmetic of SRP depends on the password; SECURITY.md says what that promises.
package cognito
