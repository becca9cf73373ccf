package cognito_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/gocognito/cognito"
)

// A program that calls the AWS SDK uses only the SRP calculations of this package.
func ExampleSRP() {
	srv, pool := examplePool()
	defer srv.Close()
	ctx, client := context.Background(), pool.Client()

	srp, err := cognito.NewSRP(srv.UserPoolID, srv.ClientID, "bob", "Correct-Horse-1")
	if err != nil {
		log.Fatal(err)
	}
	params, err := srp.AuthParameters()
	if err != nil {
		log.Fatal(err)
	}
	challenge, err := client.InitiateAuth(ctx, &cognitoidentityprovider.InitiateAuthInput{
		AuthFlow: types.AuthFlowTypeUserSrpAuth, ClientId: aws.String(srv.ClientID), AuthParameters: params,
	})
	if err != nil {
		log.Fatal(err)
	}
	responses, err := srp.PasswordVerifierChallenge(challenge.ChallengeParameters, srv.Now())
	if err != nil {
		log.Fatal(err)
	}
	out, err := client.RespondToAuthChallenge(ctx, &cognitoidentityprovider.RespondToAuthChallengeInput{
		ChallengeName: challenge.ChallengeName, ClientId: aws.String(srv.ClientID), Session: challenge.Session,
		ChallengeResponses: responses,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(aws.ToString(out.AuthenticationResult.TokenType))
	// Output: Bearer
}

func ExampleSecretHash() {
	fmt.Println(cognito.SecretHash("test", "123abd", "clientSecret"))
	// Output: LoIX/oPJWZzFYv8liJYRo+CHv16FNDY10JlZEDjL3Vg=
}

// A program calls ConfirmDevice of the AWS SDK.
func ExampleNewDeviceVerifier() {
	password, verifier, err := cognito.NewDeviceVerifier("-aBcDeFg", "eu-west-1_12345678-1234-1234-1234-123456789012")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("kept for later sign-ins:", len(password) > 0)
	fmt.Println("sent to the pool:", len(aws.ToString(verifier.PasswordVerifier)) > 0, len(aws.ToString(verifier.Salt)) > 0)
	// Output:
	// kept for later sign-ins: true
	// sent to the pool: true true
}
