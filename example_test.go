package cognito_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/gocognito/cognito"
	"github.com/gocognito/cognito/cognitotest"
)

// examplePool is a pool in this process with the user bob; a real program has one at AWS.
func examplePool() (*cognitotest.Server, *cognito.Cognito) {
	srv := cognitotest.NewServer(cognitotest.Config{
		AutoVerifiedAttributes: []string{"email"},
		Now:                    func() time.Time { return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC) },
	})
	srv.AddUser(cognitotest.User{
		Username: "bob", Password: "Correct-Horse-1",
		Attributes: map[string]string{"email": "bob@example.com", "email_verified": "true"},
	})
	c, err := cognito.New(srv.UserPoolID, srv.ClientID, cognito.WithEndpoint(srv.URL), cognito.WithClock(srv.Now))
	if err != nil {
		log.Fatal(err)
	}
	return srv, c
}

func Example() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx := context.Background()

	bob := pool.ForUser("bob")
	if err := bob.Authenticate(ctx, "Correct-Horse-1"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(bob.IDClaims().Email)
	fmt.Println(bob.Tokens())
	// Output:
	// bob@example.com
	// Tokens{ID true, access true, refresh true, expires 2026-11-24T10:00:00Z}
}
