// Package cognitotest is an Amazon Cognito user pool in the same process, for tests, as net/http/httptest is for
// servers:
//
//	srv := cognitotest.NewServer(cognitotest.Config{})
//	defer srv.Close()
//	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1"})
//
//	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL))
//	err = c.ForUser("bob").Authenticate(ctx, "Correct-Horse-1")
//
// It speaks the service's own protocol over HTTP, so that any client can sign in to it: this module's, an AWS SDK
// with its endpoint set, or those of other languages.
//
// It is strict. The server half of SRP is real, and passwords are kept as SRP verifiers only. Secret hashes, flow
// gates of app clients, sessions, code expiry, attempt limits, lock-out, token revocation, refresh-token rotation
// and PreventUserExistenceErrors are enforced, with the service's types and texts of errors. Signed operations
// that come unsigned are refused; signatures themselves are not checked.
//
// It knows these operations: SignUp, ConfirmSignUp, ResendConfirmationCode, InitiateAuth (USER_SRP_AUTH,
// USER_PASSWORD_AUTH, REFRESH_TOKEN_AUTH), RespondToAuthChallenge (PASSWORD_VERIFIER, NEW_PASSWORD_REQUIRED),
// GetTokensFromRefreshToken, RevokeToken, GlobalSignOut, GetUser and AdminGetUser. It does not know MFA, devices,
// custom challenges, passkeys, groups as objects, lists, or Lambda functions yet; another operation of the service
// is answered with an error that names it.
//
// Its clock is [Server.Now]; [Server.Advance] moves it. A client that checks expiry should be given that clock.
//
// It is for tests and local development only. It keeps everything in memory, records requests with the passwords
// in them, and has no protection against its users.
package cognitotest
