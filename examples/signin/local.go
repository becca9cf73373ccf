package main

import (
	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// totpSecret is that of dave's authenticator app.
const totpSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" //nolint:gosec // of a pool that ends with the process

// localPool starts a pool in this process, with users whom it asks for different things.
func localPool(term terminal) (*cognito.Cognito, func(), error) {
	srv := cognitotest.NewServer(cognitotest.Config{Clients: []cognitotest.Client{{ExplicitAuthFlows: []string{
		"ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
	}}}})
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1"})
	srv.AddUser(cognitotest.User{Username: "carol", Password: "Temporary-1", Status: "FORCE_CHANGE_PASSWORD"})
	srv.AddUser(cognitotest.User{Username: "dave", Password: "Correct-Horse-1", TOTPSecret: totpSecret})
	pool, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL))
	if err != nil {
		srv.Close()
		return nil, nil, err
	}
	term.Say("A pool in this process has the users bob (Correct-Horse-1), carol (Temporary-1, to be replaced)")
	term.Say("and dave (Correct-Horse-1, and an authenticator app with the secret " + totpSecret + ").")
	return pool, srv.Close, nil
}
