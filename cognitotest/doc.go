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
// It is strict. The server halves of SRP, of users and of devices, are real, and passwords are kept as SRP verifiers
// only. Secret hashes, flow gates of app clients, sessions (good once, for a while, for one user, client, challenge and
// kind of operation), codes of software tokens (good once, a step early or late), signatures of passkeys, code expiry,
// attempt limits, lock-out, token revocation, refresh-token rotation and PreventUserExistenceErrors are enforced, with
// the service's types and texts of errors. Signed operations that come unsigned are refused; signatures themselves are
// not checked.
//
// It knows these operations:
//   - signing up: SignUp, ConfirmSignUp and ResendConfirmationCode;
//   - signing in, by InitiateAuth and RespondToAuthChallenge or the Admin… forms of both: all flows, all challenges but
//     ADMIN_NO_SRP_AUTH; see [Config] for who is asked what;
//   - tokens: GetTokensFromRefreshToken, RevokeToken, GlobalSignOut and GetClientToken;
//   - second factors: AssociateSoftwareToken, VerifySoftwareToken, and with an Admin… form SetUserMFAPreference and
//     GetUserAuthFactors;
//   - devices: ConfirmDevice, and with an Admin… form GetDevice, ListDevices, UpdateDeviceStatus and ForgetDevice;
//   - passkeys: StartWebAuthnRegistration, CompleteWebAuthnRegistration, ListWebAuthnCredentials and
//     DeleteWebAuthnCredential; a [Passkey] is an authenticator to test them with;
//   - accounts: GetUser, DeleteUser, ForgotPassword, ConfirmForgotPassword, ChangePassword, UpdateUserAttributes,
//     DeleteUserAttributes, GetUserAttributeVerificationCode and VerifyUserAttribute;
//   - users: AdminCreateUser, AdminConfirmSignUp, AdminGetUser, AdminDeleteUser, AdminUpdateUserAttributes,
//     AdminDeleteUserAttributes, AdminResetUserPassword, AdminSetUserPassword, AdminEnableUser, AdminDisableUser,
//     AdminUserGlobalSignOut and ListUsers;
//   - groups: CreateGroup, GetGroup, UpdateGroup, DeleteGroup, ListGroups, ListUsersInGroup, AdminAddUserToGroup,
//     AdminRemoveUserFromGroup and AdminListGroupsForUser;
//   - pools: CreateUserPool, DescribeUserPool, UpdateUserPool, DeleteUserPool and ListUserPools, the same of app clients,
//     identity providers and resource servers, and of domains but for a list; GetUserPoolMfaConfig,
//     SetUserPoolMfaConfig, AddCustomAttributes, TagResource, UntagResource and ListTagsForResource.
//
// It is also the pool's authorization server, with [Server.URL] as its domain: /oauth2/authorize and /login with a small
// sign-in form, /oauth2/token (authorization codes with PKCE, refresh tokens and client credentials), /oauth2/userInfo,
// /oauth2/revoke, /logout and the OpenID discovery document. [Client] says which flows, scopes and redirect URIs an app
// client may use; [Server.Authorize] signs a user in without the form. A request is for the pool of its app client or token.
// One whose host is a pool's domain, such as my-app.localhost for the prefix my-app, is for that pool alone.
//
// Another operation of the service is answered with an error that names it. In place of Lambda functions there are
// [Triggers], and [Config.TriggerURLs] for those in other languages.
//
// A server begins with the pool of its [Config]; CreateUserPool adds others, to which a request finds its way by its
// UserPoolId, ClientId, AccessToken or Session. What they have in settings that this package does not act on, such as
// the texts of messages, is kept and described.
//
// Nothing is sent: codes and temporary passwords are in [Server.Code] and [Server.Messages], and [Config.OnMessage] is told
// of each. [Config.Addr] has the pool listen where front ends and programs in other languages expect it; pages of any origin
// may call it.
//
// Its clock is [Server.Now]; [Server.Advance] moves it. A client that checks expiry should be given that clock.
//
// It is for tests and local development only. It keeps everything in memory, records requests with the passwords
// in them, and has no protection against its users.
package cognitotest
