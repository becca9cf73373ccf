package main

import (
	"fmt"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// localPool starts a pool in this process, with users whom it asks for different things. Its pages send browsers back to
// the site at home. domain is where these pages are.
func localPool(home string) (pool *cognito.Cognito, domain string, stop func(), err error) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" //nolint:gosec // of a pool that ends with the process
	srv := cognitotest.NewServer(cognitotest.Config{Clients: []cognitotest.Client{{
		AllowedOAuthFlows: []string{"code"}, CallbackURLs: []string{home + callbackPath}, LogoutURLs: []string{home + "/"},
	}}})
	srv.AddUser(cognitotest.User{Username: "bob", Password: "Correct-Horse-1"})
	srv.AddUser(cognitotest.User{Username: "carol", Password: "Temporary-1", Status: "FORCE_CHANGE_PASSWORD"})
	srv.AddUser(cognitotest.User{Username: "dave", Password: "Correct-Horse-1", TOTPSecret: secret})
	pool, err = cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL))
	if err != nil {
		srv.Close()
		return nil, "", nil, err
	}
	fmt.Println("A pool in this process has the users bob (Correct-Horse-1), carol (Temporary-1, to be replaced) and")
	fmt.Println("dave (Correct-Horse-1, and an authenticator app with the secret " + secret + ").")
	return pool, srv.URL, srv.Close, nil
}
