// Package cognito signs users in to Amazon Cognito user pools, keeps their tokens fresh, verifies
// tokens on servers, and manages users.
//
// A [Cognito] is a client of one user pool and app client. It is also the session of at most one
// user:
//
//	pool, err := cognito.New("eu-west-1_aBcDeFgHi", "3n4b5urk1ft4fl3mg5e62d9ado")
//	…
//	bob := pool.ForUser("bob@example.com")
//	if err := bob.Authenticate(ctx, password); err != nil { … }
//	tokens := bob.Tokens()
//
// A program for one user needs only that value (see [WithUsername]). A server creates one client
// and calls [Cognito.ForUser] for each user. ForUser is cheap: connections and keys are shared.
// Package [github.com/gocognito/cognito/cognitotest] is a user pool for tests in the same process,
// so no AWS account is needed to try this package: see examples/quickstart.
//
// # I want to …
//
//	sign a user in                        Cognito.Authenticate
//	… with a code, a passkey, a choice    Cognito.AuthenticateChoice
//	… with a Lambda function's challenge  Cognito.AuthenticateCustom
//	… on a server with AWS credentials    Cognito.AdminAuthenticate
//	… on the pool's own pages             Cognito.ManagedLogin, ManagedLogin.Exchange
//	answer a challenge                    ChallengeError, Cognito.RespondTo…Challenge
//	… in a later request                  Cognito.Challenge, WithChallenge
//	… without a user                      WithChallengeHandler, TOTPHandler
//	set up MFA                            Cognito.AssociateSoftwareToken, Cognito.SetUserMFAPreference
//	set up a passkey                      Cognito.StartWebAuthnRegistration
//	ask a signed-in user for more proof   Cognito.StepUp, TargetACR
//	skip MFA on a known device            WithDeviceTracking, WithDevice
//	get tokens for a call                 Cognito.Token, Cognito.TokenSource
//	call an API over HTTP                 Cognito.HTTPClient, NewTransport
//	… as a service, without a user        Cognito.MachineTokens, Cognito.MachineHTTPClient
//	keep a session over a restart         WithTokenStore, FileStore
//	sign out                              Cognito.RevokeToken (here), Cognito.Logout (everywhere)
//	sign a user up                        Cognito.Register, Cognito.ConfirmSignUp
//	reset a forgotten password            Cognito.InitiateForgotPassword, Cognito.ConfirmForgotPassword
//	change a password                     Cognito.ChangePassword
//	read and change the profile           Cognito.GetUser, Cognito.UpdateProfile
//	verify tokens on a server             NewVerifier, Verifier.Handler
//	… by group, scope, sign-in method     RequireGroups, RequireScopes, RequireACR
//	… and notice sign-outs                WithRevocationCheck
//	manage users and groups               Cognito.Users, Cognito.AdminCreateUser, Cognito.Groups
//	help a user who lost the phone        Cognito.AdminDeleteSoftwareToken
//	link a federated user                 Cognito.AdminLinkProviderForUser
//	rotate a client secret                Cognito.AddUserPoolClientSecret
//	tell errors apart                     IsTerminal, IsTemporary, errors.Is with Err…
//	call the AWS SDK myself               Cognito.Client, NewSRP, SecretHash
//
// # Signing in
//
// [Cognito.Authenticate] proves the password with SRP. The password never leaves the machine. The
// tokens are verified with the pool's keys before they become the session's. A sign-in takes two
// requests. [Flow] selects USER_PASSWORD_AUTH instead, which sends the password.
//
// [Cognito.ManagedLogin] signs users in on the pool's own pages, where identity providers are
// available, too. [ManagedLogin.Exchange] returns a session like any other. [Cognito.MachineTokens]
// returns tokens for the app client itself.
//
// # Challenges
//
// A pool may ask for more than a password: a code, a new password, the answer to a question of its
// own. The call then returns a [*ChallengeError]. It matches [ErrMFARequired],
// [ErrNewPasswordRequired] and the like with [errors.Is]. Each challenge has a method that answers
// it, such as [Cognito.RespondToSoftwareTokenMFAChallenge]. [Cognito.RespondToChallenge] handles
// challenges that this version does not know. Each method returns nil once the user is signed in,
// or another *ChallengeError. A wrong code leaves the challenge pending.
//
// The [Challenge] in the error is the whole state of the sign-in. Store it as JSON where the user
// cannot change it, and continue in another request or process with [WithChallenge]. A
// [ChallengeHandler] answers challenges in place of the caller. [Cognito.StepUp] asks a signed-in
// user for further proof, up to an authentication level that [TargetACR] names.
//
// # Devices
//
// In a pool that tracks devices, [WithDeviceTracking] confirms the device after a sign-in, or
// [Cognito.ConfirmDevice] does when called. Store [Cognito.Device]. In later sign-ins, [WithDevice]
// lets the device prove itself, and the pool may skip MFA. If the pool has forgotten the device,
// the sign-in continues without it (see [Cognito.DeviceError]).
//
// # Tokens
//
// [Cognito.Token] returns verified tokens that are valid for a while. It refreshes them when
// needed. Concurrent callers share one refresh. [Cognito.Tokens] returns the session's tokens
// without I/O. [Cognito.IDClaims] and [Cognito.AccessClaims] return their verified claims, or nil
// if the tokens have not been verified. [Cognito.CheckToken] reports whether they have expired, and
// [Cognito.RenewAccessToken] refreshes them now. Use [WithTokens] to start from existing tokens:
// Token and [Cognito.VerifyTokens] verify them.
//
// # Sessions
//
// A session is the tokens of one sign-in, wherever they are held: in several values of this process
// and in other processes that share a [TokenStore]. A sign-in, a refresh and a sign-out change the
// session. Changes run one at a time: in a process always, and in all processes if the store is a
// [TokenLocker]. Reading never waits for a change. After a sign-out has returned nil, no token of
// that sign-in is left in the session or its store.
//
// # Calling APIs
//
// [Cognito.HTTPClient] and [NewTransport] send the session's token with HTTP requests. The token
// goes to the origins of [WithOrigins] and nowhere else. With a password they sign in on the first
// request, and again when the refresh token is no longer valid. [Cognito.TokenSource] is for
// packages that take an oauth2.TokenSource.
//
// # Verifying tokens
//
// A server that receives tokens uses a [Verifier], or a [MultiVerifier] for several pools.
// [Verifier.Handler] wraps its handlers, which read the claims with [ClaimsFromContext]. Rules for
// single routes are [RequireGroups], [RequireScopes] and [RequireACR]. Without HTTP, call
// [Verifier.VerifyAccessToken]. [Cognito.Verifier] makes a Verifier that shares the keys of a
// client.
//
// Keys are fetched on first use, and again when a token names a new one, but never more often than
// every few seconds. To verify without network access, supply the key set with [WithJWKS] or the
// environment variable COGNITO_JWKS. Offline verification cannot detect revoked tokens; use
// [WithRevocationCheck] for that.
//
// # Credentials
//
// Calls that users make for themselves need no AWS credentials and no AWS configuration. Methods
// that start with Admin take the username as an argument, except [Cognito.AdminAuthenticate], which
// signs in the session's user. These methods, and those that manage users, groups, app clients and
// identity providers, need AWS credentials. Set them with [WithStaticCredentials] or
// [WithAWSConfig]; otherwise the first such call loads the default AWS configuration. A call
// without credentials fails with [ErrNoCredentials] before anything is sent. For operations that
// this package does not cover, use the SDK client returned by [Cognito.Client].
//
// # Errors
//
// Invalid arguments are rejected before a request is made, and the error names the argument. A
// response of the service is an [*Error]. It matches a reason such as [ErrInvalidCredentials] with
// [errors.Is], and the SDK's error is found with [errors.As]. A rejected token is a [*TokenError].
// [ErrKeysUnavailable] is different: the keys could not be fetched, so nothing is known about the
// token. [IsTerminal] reports whether the session is over, so that only a new sign-in helps, and
// [IsTemporary] whether the same call may succeed later. [ErrNotSignedIn] means that there is no
// session. A failed call leaves the session unchanged.
//
// Calls are retried as the SDK retries them, with one exception: a request that must not happen
// twice, such as one with a code or a password, is never retried when its outcome is unknown.
//
// # Concurrency
//
// A [Cognito], a [Verifier] and a [Transport] are safe for concurrent use. [User], [Attributes] and
// [SRP] are not. Every call that may wait takes a context. No goroutine outlives the work it was
// started for, such as a refresh.
//
// # Secrets
//
// Errors and logs contain no password, token, session, client secret or device password. Types that
// hold secrets print without them. [Tokens], [Challenge], [Device], [Registration] and
// [LoginAttempt] include their secrets when marshaled to JSON, so that they can be stored. SRP runs
// in constant time; SECURITY.md states what that covers.
package cognito
