package main

import (
	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// openDemo starts a pool in this process with some users.
func openDemo() (pool *cognito.Cognito, done func(), err error) {
	srv := cognitotest.NewServer(cognitotest.Config{
		Groups: []cognitotest.Group{{Name: "editors", Description: "May edit"}},
	})
	for _, name := range []string{"ann", "anton", "bob"} {
		srv.AddUser(cognitotest.User{
			Username: name,
			Attributes: map[string]string{
				"email": name + "@example.com", "email_verified": "true", "custom:team": "blue",
			},
		})
	}
	srv.AddUser(cognitotest.User{
		Username: "eve", Disabled: true, Attributes: map[string]string{"email": "eve@example.com"},
	})
	pool, err = cognito.New(srv.UserPoolID, srv.ClientID,
		cognito.WithEndpoint(srv.URL), cognito.WithStaticCredentials("AKIDEXAMPLE", "secret", ""))
	return pool, srv.Close, err
}
